import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROLES } from '../../src/core/vocabulary.ts';
import { managedDir, workspaceAt } from '../../src/workspace/layout.ts';
import { connect, machine } from './face.ts';
import { storeFinishedRun } from './runs.ts';

async function textAt(client: Awaited<ReturnType<typeof connect>>['client'], uri: string) {
  const { contents } = await client.readResource({ uri });
  const [content] = contents;
  if (content === undefined || !('text' in content)) throw new Error('no text');
  return { ...content, text: String(content.text) };
}

test('words and tools can be read, and what else there is is listed', async () => {
  const { client } = await connect();
  const { resources } = await client.listResources();
  expect(resources.map(({ uri }) => uri)).toEqual(['cc://vocabulary', 'cc://tools']);
  expect(JSON.parse((await textAt(client, 'cc://vocabulary')).text)).toMatchObject({
    roles: [...ROLES],
  });
  expect((await textAt(client, 'cc://tools')).text).toContain('- cc_wait_runs(');
  const { resourceTemplates } = await client.listResourceTemplates();
  expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
    'cc://runs/{run_id}/{+file}',
    'cc://reports/{file}',
    'cc://workflows/{workflow_id}/{file}',
  ]);
});

test('files of a run and reports are read as they are, at most 64 KiB of them', async () => {
  const place = machine();
  const run = await storeFinishedRun(place, {}, `${'ä'.repeat(40_000)}end`);
  const reports = managedDir(workspaceAt(place.project), 'reports');
  writeFileSync(join(reports, 'routing.md'), '# Routing\n');
  const { client } = await connect({
    host: place.host,
    roots: () => [{ uri: `file://${place.project}` }],
  });
  const record = await textAt(client, `cc://runs/${run.id}/metadata.json`);
  expect(JSON.parse(record.text)).toMatchObject({ run_id: run.id });
  expect(record.mimeType).toBe('application/json');
  const answer = await textAt(client, `cc://runs/${run.id}/stdout.txt`);
  expect(answer.text).toBe('ä'.repeat(32_768));
  expect(answer._meta).toEqual({ bytes: 80_003, truncated: true });
  expect((await textAt(client, 'cc://reports/routing.md')).text).toBe('# Routing\n');
});

test('nothing else is', async () => {
  const place = machine();
  const run = await storeFinishedRun(place);
  const secret = join(place.project, 'secret.txt');
  writeFileSync(secret, 'do not show');
  symlinkSync(secret, join(run.paths.dir, 'diff.patch'));
  mkdirSync(join(run.paths.dir, 'output.json'));
  const { client } = await connect({ host: place.host });
  for (const uri of [
    `cc://runs/${run.id}/prompt.md`,
    `cc://runs/${run.id}/diff.patch`,
    `cc://runs/${run.id}/output.json`,
    `cc://runs/${run.id}/../../workspace.json`,
    `cc://runs/${run.id}/verification/../metadata.json`,
    `cc://runs/..%2F/metadata.json`,
    'cc://runs/run_20200101t000000000z_aaaaaaaa/metadata.json',
    'cc://reports/../workspace.json',
    'cc://reports/.hidden.md',
    `file://${secret}`,
    'cc://nothing',
  ]) {
    await expect(client.readResource({ uri }), uri).rejects.toThrow(/no |not a/i);
  }
});
