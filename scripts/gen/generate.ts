import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TOOLS } from '../../src/tools/registry.ts';
import { workflowJsonSchema } from '../../src/workflows/format/json-schema.ts';
import { parityDoc, readPredecessor } from './parity.ts';
import { readmeTable } from './readme-table.ts';
import { skillIndex } from './skill-index.ts';
import { snapshotOf } from './snapshot.ts';
import { toolsDoc } from './tools-doc.ts';

export const SNAPSHOTS = 'test/__toolsnaps__';

/** Every generated file by its path in the repository. Pure but for reading its two sources. */
export async function generate(root: string): Promise<Map<string, string>> {
  const readme = between(
    await readFile(join(root, 'README.md'), 'utf8'),
    'tools',
    readmeTable(TOOLS),
  );
  const translated = await readFile(join(root, 'README.zh-CN.md'), 'utf8');
  const predecessor = await readPredecessor(join(root, 'scripts/gen/predecessor.yaml'));
  return new Map([
    ['docs/tools.md', toolsDoc(TOOLS)],
    ['docs/parity.md', parityDoc(TOOLS, predecessor)],
    ['skill/references/tools.md', skillIndex(TOOLS)],
    ['schema/workflow.schema.json', `${JSON.stringify(workflowJsonSchema(), null, 2)}\n`],
    ['README.md', readme],
    [
      'README.zh-CN.md',
      BLOCKS.reduce((text, name) => between(text, name, block(readme, name)), translated),
    ],
    ...TOOLS.map((tool): [string, string] => [
      `${SNAPSHOTS}/${tool.name}.json`,
      `${JSON.stringify(snapshotOf(tool), null, 2)}\n`,
    ]),
  ]);
}

/** What stands between markers in a README; the translation has the same. */
const BLOCKS = ['demo', 'tools'];

/** The document with what stands between `<!-- name:start -->` and `<!-- name:end -->` replaced. */
function between(document: string, name: string, content: string): string {
  const { from, to } = marked(document, name);
  return `${document.slice(0, from)}\n${content}\n${document.slice(to)}`;
}

function block(document: string, name: string): string {
  const { from, to } = marked(document, name);
  return document.slice(from, to).trim();
}

function marked(document: string, name: string): { from: number; to: number } {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [from, to] = [document.indexOf(start), document.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`a README has no ${start} … ${end}`);
  return { from: from + start.length, to };
}
