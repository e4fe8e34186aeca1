import { relative } from 'node:path';
import { errnoOf, toErrorFacts } from '../core/errors.ts';
import { CLIENT_TITLES, SERVER } from '../setup/names.ts';
import type { Note, Part, Setting } from '../setup/plan.ts';
import { quoted } from '../setup/quote.ts';
import { removalOfUnrecorded, unrecordedPath } from '../setup/removal.ts';
import { GUIDANCE_FILES } from './guidance.ts';
import { planRemoval } from './guidance-removal.ts';
import { readProjectFile } from './project-file.ts';

/** What projects hold of ours beside what setup has on record; `named` counts the files that stay. */
export type Leftovers = { parts: Part[]; notes: Note[]; named: number };

/**
 * Our sections in CLAUDE.md and AGENTS.md, and entries of ours that setup has no record of: written by
 * hand, or on another machine. Such files are often shared, so they are named with the command that takes
 * ours out, and taken out only when `remove` says so. One that cannot be read keeps no other.
 */
export async function planLeftovers(
  settings: readonly Setting[],
  projects: readonly string[],
  { remove }: { remove: boolean },
): Promise<Leftovers> {
  const found: Leftovers = { parts: [], notes: [], named: 0 };
  const seen = new Set<string>();
  for (const project of new Set(projects)) {
    for (const setting of settings) {
      for (const plan of [planSection, planEntry]) {
        const part = await plan({ ...setting, scope: 'project', project }).catch(refusal(setting));
        const [change] = part?.changes ?? [];
        const real = change?.kind === 'file' ? change.real : undefined;
        if (part === undefined || (real !== undefined && seen.has(real))) continue;
        if (real !== undefined) seen.add(real);
        if (change === undefined || remove) {
          found.parts.push(part);
          continue;
        }
        found.named += 1;
        found.notes.push(stays(setting, project, change.path));
      }
    }
  }
  found.notes.push(...found.parts.flatMap(({ notes }) => notes));
  return found;
}

async function planSection({ client, project }: Setting): Promise<Part | undefined> {
  const name = GUIDANCE_FILES.find((file) => file.client === client.client)?.name ?? '';
  const planned = await planRemoval(project, name, { force: false });
  if (planned === undefined) return undefined;
  const { file, change } = planned;
  if (file.state !== 'edited') return { changes: [change], notes: [] };
  const text = `${file.path}: somebody has changed our section; it stays.`;
  const fix = `cc-orchestrator write-claude-md --remove --force --apply --cwd ${quoted(project)}`;
  return { changes: [], notes: [{ level: 'kept', client: client.client, text, fix }] };
}

async function planEntry(setting: Setting): Promise<Part | undefined> {
  const { client, project } = setting;
  const path = unrecordedPath(setting);
  // Where the home is the project, it is the user's own configuration.
  if (path === undefined || path === client.config) return undefined;
  await readProjectFile(project, relative(project, path));
  return removalOfUnrecorded(setting, path, []);
}

function stays({ client }: Setting, project: string, path: string): Note {
  const what = path.endsWith('.md')
    ? 'a section of cc-orchestrator'
    : `an entry ${SERVER} that setup has not written`;
  return {
    level: 'kept',
    client: client.client,
    text: `${path} holds ${what}; it stays.`,
    fix: `cd ${quoted(project)} && cc-orchestrator uninstall --client ${client.client} --scope project --projects`,
  };
}

/** Says why a file was not looked at, whatever it is: a project on a stale mount must not keep the others. */
function refusal({ client }: Setting): (error: unknown) => Part {
  return (error) => {
    const facts = toErrorFacts(error);
    const { message } = facts;
    // What the file system answers is no defect of ours, though it may have no code of its own.
    const isOfSystem = facts.code === 'INTERNAL' && errnoOf(error) !== undefined;
    const hint = isOfSystem ? undefined : facts.hint;
    const text = `${CLIENT_TITLES[client.client]}: ${message}${hint === undefined ? '' : ` ${hint}`}`;
    return { changes: [], notes: [{ level: 'warn', client: client.client, text }] };
  };
}
