import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { fingerprintKey } from '../../src/runs/secrets/key.ts';
import { fingerprintOf } from '../../src/secrets/identity.ts';
import { TOOLS } from '../../src/tools/registry.ts';
import { privateRunPaths } from '../../src/workspace/home.ts';
import { NAMED, TOKENS } from '../secrets/planted.ts';
import { BIN, runProgram } from '../support/controllers.ts';
import { CLAUDE, Lab, TOKEN } from '../support/lab.ts';
import { LabServer } from '../support/server.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const OTHER = 'another-profile/9fK2+x7Qd4Lm';
const ESCAPED = [...TOKEN].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join('');
const KNOWN_FORMS = [TOKEN, OTHER].flatMap((secret) => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(secret),
  Buffer.from(secret).toString('hex'),
  Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -1),
  Buffer.from(`u:${secret}`).toString('base64').replace(/=+$/, '').slice(4, -1),
]);
/** Everything that was planted, of keys in several lines each line. */
const RAW = [
  ...Object.values(TOKENS).flatMap((token) =>
    token.split('\n').filter((line) => !line.startsWith('--')),
  ),
  ...Object.values(NAMED).map(([, secret]) => secret),
  ...KNOWN_FORMS,
  ESCAPED,
];
const LINES = [
  ...Object.values(TOKENS),
  ...Object.values(NAMED).map(([text]) => text),
  ...KNOWN_FORMS,
  ESCAPED,
];
const ALL = LINES.join('\nand then, in some words, ');

/** What stands there, with what is before it. */
function found(text: string): string[] {
  return [...new Set(RAW)].flatMap((secret) => {
    const at = text.indexOf(secret);
    return at === -1 ? [] : [text.slice(Math.max(0, at - 120), at + secret.length + 20)];
  });
}

/** Names and contents of everything in a directory. */
function contents(directory: string): string {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => `${path}\n${isFile(path) ? readFileSync(path, 'latin1') : ''}`)
    .join('\n');
}

function isFile(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Text of about so many characters; where it is cut, it is in the middle of secrets. */
function laden(chars: number, turn: number): string {
  const shifted = [...LINES.slice(turn * 3), ...LINES.slice(0, turn * 3)].join('\n');
  return shifted.repeat(Math.ceil(chars / shifted.length)).slice(0, chars);
}

test('a megabyte full of secrets leaves none in anything but the private store', async () => {
  lab = await Lab.open([]);
  lab.addProfile('other', lab.model.url, OTHER);
  lab.writeProfiles(
    `profiles:\n  third: {base_url: "${lab.model.url}", models: {default: m}, token: "${OTHER}", allow_inline_token: true}\n`,
  );
  // A worker that complains on stderr before it begins.
  const loud = join(lab.dir, 'loud-claude');
  writeFileSync(join(lab.dir, 'complaint.txt'), `${ALL}\n`);
  writeFileSync(loud, `#!/bin/sh\ncat '${lab.dir}/complaint.txt' >&2\nexec '${CLAUDE}' "$@"\n`);
  chmodSync(loud, 0o755);
  lab.env.CC_CLAUDE_PATH = loud;
  lab.git('config', 'user.email', 'lab@example.invalid');
  lab.git('config', 'user.name', 'lab');
  lab.write('leak.txt', `${laden(30_000, 1)}\n`);
  lab.write('loud.sh', 'cat leak.txt; cat leak.txt >&2; exit 3\n');
  lab.write('.env', `STRIPE=${TOKENS.stripe}\n`);
  lab.commit();
  // Claude Code itself undoes escapes in what it is told to write.
  const written = LINES.filter((line) => line !== ESCAPED).join('\nand then ');
  const source = `export const config = \`\n${written}\n\`;\n`;
  const file = (name: string, content: string) => ({
    name: 'Write',
    input: { file_path: lab.path(name), content },
  });
  const half = Math.floor(TOKEN.length / 2);
  lab.model.addScript({
    name: 's',
    steps: [
      ...Array.from({ length: 9 }, (_, turn) => ({
        thinking: `I think ${LINES[turn]}`,
        text: laden(110_000, turn),
        pace: { chunkChars: 8192 },
        tools: [
          { name: 'Read', input: { file_path: lab.path('leak.txt') } },
          { name: 'Read', input: { file_path: `/no/${LINES[turn]}/${TOKEN}` } },
          { name: 'Grep', input: { pattern: LINES[turn + 9] ?? '', path: lab.project } },
        ],
      })),
      { text: `first half ${TOKEN.slice(0, half)}`, tools: [file('src/config.ts', source)] },
      {
        text: `${TOKEN.slice(half)} is the rest`,
        tools: [file(`src/${TOKENS.github}.txt`, 'x\n'), file('msg.txt', `add\n\n${ALL}\n`)],
      },
      { tools: [file('gone.txt', `once: ${TOKENS.npm}\n`)] },
      { tools: [{ name: 'Bash', input: { command: 'git add -A' } }] },
      { tools: [{ name: 'Bash', input: { command: 'git commit -F msg.txt' } }] },
      { tools: [{ name: 'Bash', input: { command: 'sh loud.sh' } }] },
      { tools: [{ name: 'Bash', input: { command: 'rm gone.txt' } }] },
      {
        text: laden(20_000, 4),
        tools: [
          {
            name: 'StructuredOutput',
            input: { report: ALL, map: { [TOKENS.gitlab ?? '']: TOKEN } },
          },
        ],
      },
    ],
  });
  const task = `Look at this.\n${ALL}\n`;
  const launched = await lab.launch({
    task,
    profile: 'env:lab',
    allowWrite: true,
    scope: {
      paths: ['**'],
      commands: ['git add -A', 'git commit -F msg.txt', 'sh loud.sh', 'rm gone.txt'],
    },
    outputSchema: {
      type: 'object',
      properties: { report: { type: 'string' }, map: { type: 'object' } },
      required: ['report'],
    },
  });
  const run = await lab.ended(launched, 200_000);
  expect(run.record.outcome?.failure.class).toBe('success');
  const events = lab.events(run);
  const streamed = events.reduce((sum, { raw }) => sum + (raw ? raw[1] - raw[0] : 0), 0);
  expect(streamed).toBeGreaterThan(1_000_000);

  // What is kept for reading, names of files included.
  const workspace = join(lab.project, '.agent-workspace');
  const kept = contents(workspace);
  for (const part of ['events.ndjson', 'diff.patch', 'stderr.txt', 'output.json', 'checkpoint']) {
    expect(kept).toContain(part);
  }
  expect(found(kept)).toEqual([]);
  // What is shown.
  const server = await LabServer.start(lab);
  const shown: string[] = [];
  const id = { run_id: run.record.run_id };
  for (const { name } of TOOLS) {
    for (const input of [
      id,
      {},
      { nonsense: ALL },
      { run_id: TOKENS.openai },
      { ...id, raw: true },
    ]) {
      shown.push(await server.raw(name, input));
    }
  }
  await server.close();
  for (const args of [
    ...['poll-run', 'summarize-run', 'compact-events', 'secret-scan-run'].flatMap((name) => [
      [name, id.run_id],
      [name, id.run_id, '--json'],
    ]),
    ['git-diff', '--run-id', id.run_id, '--limit-bytes', '36000'],
    ['last-run'],
    ['poll-run', TOKENS.anthropic ?? ''],
  ]) {
    const { exitCode, stdout, stderr } = await runProgram(process.execPath, [BIN, ...args], {
      cwd: lab.project,
      env: lab.env,
    });
    expect(stdout + stderr).not.toBe('');
    if (args[0] === 'secret-scan-run') expect(exitCode).toBe(1);
    shown.push(stdout, stderr);
  }
  expect(shown.join('\n')).toContain('[redacted]');
  expect(found(shown.join('\n'))).toEqual([]);
  expect(found(contents(workspace))).toEqual([]);

  // What was said is told, without the values; what was there before is nobody's fault.
  const findings = JSON.parse(readFileSync(run.paths.secretFindings, 'utf8'));
  const real = findings.findings.filter((one: { class: string }) => one.class === 'real_candidate');
  expect(found(JSON.stringify(findings))).toEqual([]);
  const inSource = real.filter(
    (one: { where: { path?: string } }) => one.where.path === 'src/config.ts',
  );
  expect(inSource.length).toBeGreaterThan(40);
  expect(inSource).toContainEqual(
    expect.objectContaining({
      rule: expect.stringMatching(/github/),
      where: expect.objectContaining({ kind: 'diff', line: expect.any(Number) }),
    }),
  );
  expect(real.some((one: { where: { kind: string } }) => one.where.kind === 'event')).toBe(true);
  const own = fingerprintOf(TOKEN, await fingerprintKey(lab.host().home));
  const said = real.find(
    (one: { fingerprint: string; where: { kind: string } }) =>
      one.fingerprint === own && one.where.kind === 'event',
  );
  expect(said).toMatchObject({ rule: 'known-credential', shown: `…(${TOKEN.length} chars)` });
  expect(
    findings.findings.some((one: { where: { path?: string } }) => one.where.path === '.env'),
  ).toBe(false);

  // The private store and the source have every byte.
  const store = privateRunPaths(lab.host().home, id.run_id);
  expect(JSON.parse(readFileSync(store.prompt, 'utf8'))).toEqual([task]);
  expect(lab.read('src/config.ts')).toBe(source);
  const { after } = JSON.parse(readFileSync(run.paths.changedFiles, 'utf8'));
  const blob = await runProgram('git', ['cat-file', 'blob', `${after.tree}:src/config.ts`], {
    cwd: lab.project,
    env: { ...lab.env, GIT_ALTERNATE_OBJECT_DIRECTORIES: after.object_dir },
  });
  expect(blob.stdout).toBe(source);
});
