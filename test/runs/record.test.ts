import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasRecord, type RunRecord, readRecord, writeRecord } from '../../src/runs/record.ts';
import { runPaths, workspaceAt } from '../../src/workspace/layout.ts';
import { scratch } from '../support/scratch.ts';

const RUN = 'run_20261121t110900123z_k3v7qa2m';

const record: RunRecord = {
  schema_version: 1,
  run_id: RUN,
  created: '2026-11-21T11:09:00.123Z',
  workspace: '/p',
  cwd: '/p',
  title: 't',
  task_sha256: 'a',
  task_bytes: 1,
  role: 'review',
  scope: null,
  profile: { id: 'lab', name: 'Lab', source: 'environment' },
  model: null,
  pick_reason: 'only one',
  budget: { wall_seconds: 10, idle_seconds: 10, max_turns: 1 },
  guidance_files: [],
  worker: {
    kind: 'claude',
    path: '/claude',
    version: '2.1.329',
    session_id: 's',
    config_dir: null,
    tmp_dir: '/t',
    env: [],
    secret_env: [],
  },
  price: null,
  cli_price: false,
  base: null,
  state: 'starting',
};

function place() {
  const paths = runPaths(workspaceAt(scratch()), RUN);
  mkdirSync(dirname(paths.metadata), { recursive: true });
  return paths;
}

describe('metadata.json', () => {
  it('comes back as it was written', async () => {
    const paths = place();
    await writeRecord(paths, record);
    expect(await readRecord(paths, RUN)).toEqual(record);
  });

  it.each<[string, string | undefined, string]>([
    ['is missing', undefined, 'RUN_NOT_FOUND'],
    ['is not a record', '{}', 'STORAGE_CORRUPT'],
    ['is torn', '{"schema_version":1,', 'STORAGE_CORRUPT'],
    [
      'is of a later format that is no longer understood',
      '{"schema_version":99}',
      'FORMAT_TOO_NEW',
    ],
    ['has a state nobody knows', JSON.stringify({ ...record, state: 'paused' }), 'STORAGE_CORRUPT'],
  ])('%s', async (_what, text, code) => {
    const paths = place();
    if (text !== undefined) writeFileSync(paths.metadata, text);
    await expect(readRecord(paths, RUN)).rejects.toMatchObject({ code });
  });

  it('of a later format is read as long as it is understood', async () => {
    const paths = place();
    writeFileSync(paths.metadata, JSON.stringify({ ...record, schema_version: 99, more: true }));
    expect(await readRecord(paths, RUN)).toEqual({ ...record, schema_version: 99 });
    expect(readFileSync(paths.metadata, 'utf8')).toContain('more');
  });

  it.each([
    ['missing', () => undefined],
    ['torn', (path: string) => writeFileSync(path, '{"schema_ver')],
    ['another', (path: string) => writeFileSync(path, '[]')],
  ])('%s, while the run goes on: there is a second copy of it', async (_what, damage) => {
    const paths = place();
    await writeRecord(paths, { ...record, state: 'running' });
    rmSync(paths.metadata);
    damage(paths.metadata);
    expect(hasRecord(paths)).toBe(true);
    expect((await readRecord(paths, RUN)).state).toBe('running');
  });

  it('needs no second copy once the run is over, and believes no other run’s', async () => {
    const paths = place();
    await writeRecord(paths, { ...record, run_id: RUN.replace('k3v7', 'aaaa') });
    writeFileSync(paths.metadata, 'x');
    await expect(readRecord(paths, RUN)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
    await writeRecord(paths, { ...record, state: 'failed' });
    expect(existsSync(paths.spareMetadata)).toBe(false);
  });
});
