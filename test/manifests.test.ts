import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { REPOSITORY } from './support/lab.ts';

const server = z.looseObject({
  args: z.array(z.string()),
  env_vars: z.array(z.string()).optional(),
});
const plugin = z.looseObject({
  name: z.string(),
  version: z.string(),
  description: z.string(),
  mcpServers: z.record(z.string(), server),
});

function json(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(REPOSITORY, path), 'utf8'));
}

const manifest = json('package.json');
const PLUGINS = ['.claude-plugin/plugin.json', '.codex-plugin/plugin.json'];

it.each(PLUGINS)('%s keeps step with package.json', (path) => {
  const found = plugin.parse(json(path));
  const { name, version, description } = manifest;
  expect(found).toMatchObject({ name, version, description });
  for (const { args } of Object.values(found.mcpServers)) {
    expect(args.join(' ')).toMatch(
      /(?:\$\{CLAUDE_PLUGIN_ROOT\}|\.)\/dist\/cc-orchestrator\.js mcp$/,
    );
  }
});

it('the marketplace lists this plugin in this version', () => {
  const { name, version, description } = manifest;
  expect(json('.claude-plugin/marketplace.json')).toMatchObject({
    plugins: [{ name, version, description, source: './' }],
  });
});

it('server.json keeps step and fits the registry', () => {
  const found = json('server.json');
  const { name, version, mcpName } = manifest;
  expect(found).toMatchObject({
    name: mcpName,
    version,
    packages: [{ identifier: name, version, transport: { type: 'stdio' } }],
  });
  expect(String(found.description).length).toBeLessThanOrEqual(100);
});

it('the Codex plugin hands on the same variables as the template, and approves nothing', () => {
  const template = parse(readFileSync(join(REPOSITORY, 'install/codex.config.toml'), 'utf8'));
  const ours = z
    .looseObject({ mcp_servers: z.record(z.string(), server) })
    .parse(template).mcp_servers;
  const found = plugin.parse(json('.codex-plugin/plugin.json')).mcpServers;
  expect(found['cc-orchestrator']?.env_vars).toEqual(ours['cc-orchestrator']?.env_vars);
  expect(JSON.stringify(found)).not.toContain('approv');
});

it('the lock file names the same version', () => {
  expect(json('package-lock.json').version).toBe(manifest.version);
});
