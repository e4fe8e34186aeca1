import type { Installation } from './installation.ts';
import { quoted } from './quote.ts';

/** A text to paste into Codex (or Claude Code), which then installs and checks everything itself. */
export function installPrompt({ root, kind }: Installation): string {
  const program =
    kind === 'clone' ? `node ${quoted(`${root}/dist/cc-orchestrator.js`)}` : 'cc-orchestrator';
  const steps = [
    ...(kind === 'clone'
      ? [`If ${root}/dist is missing, run \`npm ci && npm run build\` in ${root}.`]
      : ['If the command is missing, run `npm install -g cc-orchestrator`.']),
    `Run \`${program} setup --dry-run\` and show me what it would change.`,
    `When I agree, run \`${program} setup --yes\`. Ask me first whether you may start and stop workers without asking each time; if so, add \`--approve\`.`,
    `Run \`${program} doctor\`. Each finding names a command; run it if it changes nothing but cc-orchestrator, otherwise ask me.`,
    `Run \`${program} selftest\`. It proves the whole path offline, without a key, and must end with every gate ok.`,
    'Tell me in a few lines what was written, what is still missing, and that a new session is needed to see the tools.',
  ];
  return [
    `Install cc-orchestrator for me and check that it works. It lies in ${root}.`,
    ...steps.map((step, index) => `${index + 1}. ${step}`),
    'Do not edit any configuration file yourself, and do not print keys or tokens.',
    '',
  ].join('\n');
}
