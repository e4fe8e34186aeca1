import { join } from 'node:path';
import type { Script } from '../loopback/index.ts';

/** What the self-test's workers are told to do, and where. */
export const INSIDE = { file: 'src/written.txt', text: 'written inside the scope\n' } as const;
export const OUTSIDE = 'test/written.txt';
export const FROM_READER = 'src/from-reader.txt';
export const PAUSE = 'pause';
export const ENDLESS = 'endless.mjs';
export const ENDLESS_SOURCE = 'setInterval(() => undefined, 1000);\n';

export const TASKS = {
  writing: 'SELFTEST-WRITING: write one file inside the scope and one outside.',
  reading: 'SELFTEST-READING: try to write a file.',
  stopping: 'SELFTEST-STOPPING: start a command that never ends.',
} as const;

/** `token` is said aloud on purpose: only then does its absence from the records prove anything. */
export function selfTestScripts(project: string, token: () => string, answer: string): Script[] {
  const write = (file: string, content: string) => ({
    name: 'Write',
    input: { file_path: join(project, file), content },
  });
  return [
    {
      name: 'writing',
      match: TASKS.writing,
      steps: [
        {
          text: 'First inside.',
          tools: [write(INSIDE.file, INSIDE.text)],
          usage: { input: 1201, output: 31, cacheRead: 17, cacheCreation: 503 },
        },
        () => ({
          text: `Then outside. The token is ${token()}.`,
          tools: [write(OUTSIDE, 'must not exist\n')],
          usage: { input: 607, output: 43, cacheRead: 1700, cacheCreation: 11 },
          hold: { at: 'before_headers', name: PAUSE },
        }),
        { text: answer, usage: { input: 89, output: 13, cacheRead: 2300, cacheCreation: 5 } },
      ],
    },
    {
      name: 'reading',
      match: TASKS.reading,
      steps: [
        { text: 'I try.', tools: [write(FROM_READER, 'must not exist\n')] },
        { text: 'I could only read.' },
      ],
    },
    {
      name: 'stopping',
      match: TASKS.stopping,
      steps: [
        { tools: [{ name: 'Bash', input: { command: `node ${ENDLESS}`, description: 'Wait' } }] },
      ],
    },
  ];
}
