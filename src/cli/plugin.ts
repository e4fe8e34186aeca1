import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT } from '../core/errors.ts';
import { installationOf } from '../setup/installation.ts';
import { SERVER } from '../setup/names.ts';
import { writePluginTree } from '../setup/plugin-tree.ts';
import { quoted } from '../setup/quote.ts';
import type { Host } from '../workspace/host.ts';

/** `cc-orchestrator plugin [directory]`: writes a plugin tree, and says how to install it. */
export async function plugin(args: readonly string[], host: Host): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  const directory = resolve(positionals[0] ?? join(host.home.root, 'plugin'));
  await writePluginTree(installationOf(host), directory);
  const id = `${SERVER}@${SERVER}`;
  const commands = {
    claude: [`claude plugin marketplace add ${quoted(directory)}`, `claude plugin install ${id}`],
    codex: [`codex plugin marketplace add ${quoted(directory)}`, `codex plugin add ${id}`],
  };
  const text = [
    directory,
    '',
    'Claude Code:',
    ...commands.claude.map((line) => `  ${line}`),
    'Codex:',
    ...commands.codex.map((line) => `  ${line}`),
  ].join('\n');
  const facts = JSON.stringify({ ok: true, directory, commands });
  process.stdout.write(`${values.json ? facts : text}\n`);
  return EXIT.ok;
}
