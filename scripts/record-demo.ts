// Records a demo for `cc-orchestrator demo --replay`: node scripts/run-ts.mjs scripts/record-demo.ts
// Needs the built supervisor. What is kept holds no path, process or id of the machine it ran on.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { processHost } from '../src/bin/process-host.ts';
import { isObject, parseJson } from '../src/core/json.ts';
import { runDemo } from '../src/demo/demo.ts';

const TARGET = resolve('examples', 'recorded-run');
const ROOT = '/tmp/cc-demo';

/** What the view reads of each kind of event; everything else is left out. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  'cc.run.started': ['run_id', 'role', 'profile', 'model', 'scope', 'budget', 'cwd'],
  'cc.worker.ready': ['model', 'version'],
  'cc.message': ['model', 'text'],
  'cc.tool.used': ['model', 'tool', 'id', 'target', 'input'],
  'cc.tool.finished': ['id', 'ok', 'denied', 'output'],
  'cc.hook.asked': ['request_id', 'tool', 'id'],
  'cc.hook.answered': ['request_id', 'tool', 'target', 'allow', 'reason'],
  'cc.turn.ended': ['subtype', 'is_error', 'reason', 'turns', 'usage', 'text'],
  'cc.run.ended': ['outcome'],
};

const supervisor = resolve('dist', 'supervisor.js');
const caller = processHost({ readOnly: false });
const result = await runDemo({
  host: { ...caller, supervisor: { file: process.execPath, args: [supervisor] } },
  out: process.stdout,
  isTTY: false,
  colour: false,
  keep: true,
  signal: new AbortController().signal,
});
const { facts, kept } = result;
if (!result.ok || facts === undefined || kept === undefined) throw new Error('the demo failed');

const neutral = (text: string) => text.replaceAll(kept, ROOT);
const events = (await readFile(join(facts.run.folder, 'events.ndjson'), 'utf8'))
  .split('\n')
  .map(parseJson)
  .filter(isObject)
  .flatMap((event) => {
    const fields = FIELDS[String(event.type)];
    if (fields === undefined) return [];
    const named = fields.flatMap((name) => (name in event ? [[name, event[name]]] : []));
    return [{ seq: event.seq, time: event.time, type: event.type, ...Object.fromEntries(named) }];
  });
const lines = shortIds(neutral(events.map((event) => JSON.stringify(event)).join('\n')));
const recorded = new Date().toISOString().slice(0, 10);
await mkdir(TARGET, { recursive: true });
await writeFile(join(TARGET, 'events.ndjson'), `${lines}\n`);
await writeFile(
  join(TARGET, 'demo.json'),
  `${neutral(JSON.stringify({ schema_version: 1, recorded, facts }, null, 2))}\n`,
);
await rm(kept, { recursive: true, force: true });

/** Ids of tool calls and requests, numbered in the order they turn up. */
function shortIds(text: string): string {
  const known = new Map<string, string>();
  return text.replace(/"(?:toolu_[\w-]+|[0-9a-f]{8}-[0-9a-f-]{27})"/g, (id) => {
    const short = known.get(id) ?? `"id-${known.size + 1}"`;
    known.set(id, short);
    return short;
  });
}
