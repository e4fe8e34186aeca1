import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { ifThere } from '../../core/if-there.ts';
import { lazy } from '../../core/lazy.ts';
import { ROLES } from '../../core/vocabulary.ts';
import { ownPack } from './packed-text.ts';

const loadYaml = /* @__PURE__ */ lazy(() => import('../../workspace/yaml.ts'));

const FILE = 'manifest.yaml';
const MAX_ALIASES = 20;
const NAME = /^[a-z][a-z0-9_-]{0,59}$/;

const name = z.string().regex(NAME);

const template = z.strictObject({
  summary: z.string().max(120),
  role: z.enum(ROLES),
  /** Its task is to change files. */
  write: z.boolean().default(false),
  /** Without a default it has to be given. */
  variables: z.record(
    name,
    z.strictObject({ about: z.string().max(200), default: z.string().max(2000).optional() }),
  ),
});
export type Template = z.infer<typeof template>;

/** `manifest.yaml` of a prompt pack; the texts are in `roles/<name>.md` and `templates/<name>.md`. */
const manifest = z.strictObject({
  schema_version: z.literal(1),
  roles: z
    .partialRecord(z.enum(ROLES), z.strictObject({ summary: z.string().max(120) }))
    .default({}),
  templates: z.record(name, template).default({}),
});
export type Manifest = z.infer<typeof manifest>;

/** A prompt pack: ours, or the user's. */
export type Pack = { dir: string; source: 'pack' | 'user'; manifest: Manifest };

/** Ours, then the user's, whose entries take the place of ours. */
export async function readPacks(userDir: string): Promise<Pack[]> {
  const own = ownPack();
  const packs = [
    { dir: own, source: 'pack' as const, manifest: await readManifest(own) },
    { dir: userDir, source: 'user' as const, manifest: await readManifest(userDir) },
  ];
  return packs.flatMap(({ manifest: read, ...pack }) =>
    read === undefined ? [] : [{ ...pack, manifest: read }],
  );
}

async function readManifest(dir: string): Promise<Manifest | undefined> {
  const path = join(dir, FILE);
  const text = await ifThere(readFile(path, 'utf8'));
  if (text === undefined) return undefined;
  const { parse } = await loadYaml();
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: MAX_ALIASES });
  } catch (error) {
    throw invalid(path, error instanceof Error ? error.message : String(error));
  }
  const parsed = manifest.safeParse(value);
  if (!parsed.success) throw invalid(path, z.prettifyError(parsed.error));
  return parsed.data;
}

function invalid(path: string, problem: string): CcError {
  return new CcError('BAD_INPUT', `${path} is not a prompt pack: ${problem}`, {
    hint: 'Correct the file, or move it away; docs/prompts.md shows its form.',
  });
}
