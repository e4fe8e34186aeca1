import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { digestOf } from '../../../src/core/ids.ts';
import { isAlive } from '../../../src/proc/identity.ts';
import { killProcess } from '../../../src/proc/terminate.ts';
import { findByCookie } from '../../../src/proc/tree.ts';
import { COMMAND_COOKIE } from '../../../src/verification/running/command.ts';
import {
  type FoundWorkflow,
  writeWorkflowRecord,
} from '../../../src/workflows/instances/record.ts';
import { isOver } from '../../../src/workflows/vocabulary.ts';
import { buildSupervisors, FlowLab } from '../../support/flow-lab.ts';

const supervisor = await buildSupervisors();

let lab: FlowLab;
let cookie: string;
beforeEach(() => {
  lab = new FlowLab(supervisor);
  cookie = 'none';
});
afterEach(async () => {
  const left = running();
  for (const identity of left) await killProcess(identity);
  expect(left).toEqual([]);
  expect(await lab.close()).toEqual([]);
});

const running = () => findByCookie(COMMAND_COOKIE, cookie);

/** It takes as long as a request to end may be ignored. */
const STUBBORN = "process.on('SIGTERM', () => {}); setTimeout(() => {}, 300000)";
const inner = async () =>
  `nodes: { one: { type: command, command: [${JSON.stringify(process.execPath)}, -e, "${STUBBORN}"] } }`;

const DAMAGES = {
  journal: ({ paths }: FoundWorkflow) => {
    const lines = readFileSync(paths.journal, 'utf8').split('\n');
    writeFileSync(paths.journal, ['x'.repeat(40), ...lines.slice(1)].join('\n'));
  },
  'journal, as is known,': ({ paths, record }: FoundWorkflow) =>
    writeWorkflowRecord(paths, { ...record, broken: 'journal.ndjson is damaged.' }),
  record: ({ paths }: FoundWorkflow) => writeFileSync(paths.metadata, '{"schema_version":1}'),
};

it.each(Object.entries(DAMAGES))(
  'a part whose %s is damaged has ended when nothing of it runs any more',
  async (_what, damage) => {
    const text = 'nodes: { part: { type: workflow, uses: inner.yaml, task: T. } }';
    const id = await lab.launch(text, { mock: false }, inner);
    const partOf = async () => (await lab.now(id)).instance.nodes[0]?.attempts[0]?.run_id;
    const part = await lab.until(async () => (await partOf()) ?? undefined, 'its part to run');
    await lab.until(async () => {
      const { instance } = await lab.now(part);
      cookie = digestOf(instance.nodes[0]?.attempts[0]?.key ?? '');
      return running().length > 0 || undefined;
    }, 'its command to run');
    const found = await lab.find(part);
    const owner = await lab.until(() => lab.supervisor(part), 'an owner');
    await damage(found);
    process.kill(owner.pid, 'SIGKILL');
    await lab.until(async () => !isAlive(owner) || undefined, 'it to die');

    const { instance } = await lab.until(async () => {
      const now = await lab.now(id);
      return isOver(now.instance.state) ? now : undefined;
    }, 'the whole to be over');
    expect(running()).toEqual([]);
    expect(existsSync(found.paths.active)).toBe(false);
    expect(instance.nodes[0]?.reason?.text).toMatch(
      /ended failed: .*(nothing of it runs any more|not the record)/,
    );
    await lab.over(id);
    const gone = async () => lab.supervisors(part).length === 0 || undefined;
    await lab.until(gone, 'nobody to be left');
  },
);
