import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/runs/events.ts';
import { journaledRun } from '../../support/journaled-run.ts';

const eventsOf = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(1, -1)
    .map((text) => JSON.parse(text) as RunEvent);

describe('what is published', () => {
  it('is every new flag and finding once, and again only when a flag gets worse', () => {
    const { journal, paths, call } = journaledRun();
    call('Bash', 'rm -rf a', { risk: 'x' }, false);
    journal.publish();
    journal.publish();
    call('Bash', 'rm -rf a', { risk: 'x' });
    journal.publish();
    call('Edit', `${paths.dir}/a.ts`);
    call('Edit', `${paths.dir}/a.ts`);
    journal.publish();
    journal.publish();
    const told = eventsOf(paths.events).filter(({ type }) => /flag|finding/.test(type));
    expect(told.map(({ type, code, severity, text }) => [type, code ?? text, severity])).toEqual([
      ['cc.flag.raised', 'destructive_command', 'high'],
      ['cc.finding.made', expect.stringContaining('a.ts'), undefined],
    ]);
  });

  it('is published by a successor when its predecessor came not so far', () => {
    const first = journaledRun();
    first.call('Bash', 'rm -rf a', { risk: 'x' });
    first.call('Write', '/elsewhere/b');
    first.journal.close();
    const second = first.open();
    expect(second.progress).toEqual(first.journal.progress);
    second.publish();
    const third = first.open();
    expect(third.progress).toEqual(second.progress);
    expect(third.progress.insight).toMatchObject({ untold: false, unpublished: [] });
  });
});

it('marks what held a secret, and keeps the secret out', () => {
  const { journal, paths, line } = journaledRun();
  const secret = `ghp_${'a1'.repeat(20)}`;
  line({ type: 'cc.message', message_id: 'm1', text: `the token is ${secret}` });
  line({ type: 'cc.message', message_id: 'm2', text: 'password: hunter2hunter2' });
  line({ type: 'cc.message', message_id: 'm3', text: 'nothing of the kind' });
  journal.publish();
  const events = eventsOf(paths.events).filter(({ type }) => type === 'cc.message');
  expect(events.map(({ redacted }) => redacted)).toEqual(['credential', 'assignment', undefined]);
  expect(readFileSync(paths.events, 'utf8')).not.toContain('a1a1');
  expect(journal.progress.insight.flags).toMatchObject([
    { code: 'secret_like_output', severity: 'high', count: 2 },
  ]);
});
