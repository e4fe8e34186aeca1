import { afterEach, expect, it } from 'vitest';
import { killProcess } from '../../../src/proc/terminate.ts';
import { SkewedClock } from '../../chaos/skewed-clock.ts';
import { buildSupervisors, FlowLab } from '../../support/flow-lab.ts';
import { scratch } from '../../support/scratch.ts';

const supervisor = await buildSupervisors();
const DAYS_MS = 10 * 24 * 3_600_000;

let lab: FlowLab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

/** Fails at first, and passes when it is tried again. */
const SCRIPT = `const fs = require('fs'); const again = fs.existsSync('tried'); fs.writeFileSync('tried', ''); process.exit(again ? 0 : 1)`;
const FLOW = `nodes:
  a:
    type: command
    command: [${JSON.stringify(process.execPath)}, -e, ${JSON.stringify(SCRIPT)}]
    retry: { max_retries: 1, backoff_seconds: 3 }
`;

it.each([
  ['the same supervisor', false],
  ['its successor', true],
])(
  'a retry comes after its delay with %s where the clock jumped ahead and back',
  async (_, isKilled) => {
    const clock = new SkewedClock(scratch());
    lab = new FlowLab(supervisor, { nodeArguments: clock.nodeArguments });
    clock.jump(DAYS_MS);
    const id = await lab.launch(FLOW, { mock: false });
    await lab.until(async () => {
      const { instance } = await lab.now(id);
      return (instance.nodes[0]?.tasks[0]?.wake_at ?? null) !== null || undefined;
    }, 'a to have failed');
    clock.jump(0);
    if (isKilled) {
      const owner = await lab.until(() => lab.supervisor(id), 'an owner');
      await killProcess(owner);
    }
    const { instance } = await lab.over(id, 15_000);
    expect(instance.state).toBe('succeeded');
    const times = (await lab.lines(id)).map(({ time }) => time);
    expect(times).toEqual([...times].sort());
  },
);
