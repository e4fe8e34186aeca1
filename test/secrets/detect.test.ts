import { describe, expect, it } from 'vitest';
import { createRedactor, redact } from '../../src/core/redact.ts';
import { detect } from '../../src/secrets/detect.ts';
import { fingerprintOf, shownOf } from '../../src/secrets/identity.ts';
import { findMaintained, maintainedRules } from '../../src/secrets/maintained.ts';
import { NAMED, TOKENS } from './planted.ts';

const classes = (text: string, path?: string) =>
  detect(text, { more: findMaintained, ...(path === undefined ? {} : { path }) }).map(
    (hit) => hit.class,
  );

describe.each(Object.entries(TOKENS))('%s', (_, token) => {
  it('is a real candidate, on its own and within code', () => {
    expect(classes(token)).toEqual(['real_candidate']);
    expect(classes(`const a = '${token}'; // ok`)).toEqual(['real_candidate']);
  });

  it('is hidden wholly, also by the rules that are always there', () => {
    for (const redactor of [redact, createRedactor([], { more: findMaintained })]) {
      const pieces = token.split(/[\n:/]+/).filter((piece) => piece.length > 20);
      const out = redactor(`before ${token} after`);
      for (const piece of pieces) expect(out).not.toContain(piece);
      expect(out).toMatch(/^before .*\[redacted\].* after$/s);
    }
  });

  it('is hidden behind escapes', () => {
    const body = token.slice(4);
    for (const text of [
      JSON.stringify({ command: `echo\n${token}\n` }),
      JSON.stringify(JSON.stringify({ command: `x\n${token}\ty` })),
      `${token.slice(0, 3)}${[...token.slice(3, 6)].map((c) => `\\u00${c.charCodeAt(0).toString(16).padStart(2, '0')}`).join('')}${token.slice(6)}`,
      `https://x.invalid/?k=${[...token].map((c) => (/[A-Za-z]/.test(c) ? c : `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`)).join('')}`,
    ]) {
      const out = redact(text);
      expect(out).toContain('[redacted]');
      expect(out).not.toContain(body.slice(-20));
    }
  });
});

it.each(Object.entries(NAMED))('%s is a real candidate and hidden', (_, [text, secret]) => {
  expect(classes(text)).toContain('real_candidate');
  expect(redact(text)).not.toContain(secret);
  const inJson = JSON.stringify({ output: `first\n${text}\nlast` });
  expect(redact(inJson)).not.toContain(secret);
});

it('every maintained rule is known: look at new ones, and at what the prefilter lets through', () => {
  expect(
    [...maintainedRules].map((id) => id.replace('@secretlint/secretlint-rule-', '')).sort(),
  ).toEqual([
    '1password',
    'anthropic',
    'aws',
    'basicauth',
    'database-connection-string',
    'filter-comments',
    'gcp',
    'github',
    'linear',
    'npm',
    'openai',
    'privatekey',
    'sendgrid',
    'shopify',
    'slack',
  ]);
});

it.each([
  ['short lines', '', 'x\n'],
  ['what looks like base64', '', 'a='],
  ['a token without end', 'sk-', 'x7'],
  ['one of a few characters', 'ghp_', 'x'],
  ['one of many parts', 'eyJaaaaaaaaaaaaaa.eyJ', 'a1'],
  ['a key without end', '-----BEGIN PRIVATE KEY-----\n', 'x\n'],
  ['a value without end', 'api_key=', 'x7'],
  ['a path of names', 'api_key=', 'a.'],
  ['a name of words', 'api_key=', 'A_'],
  ['backslashes', 'api_key="x', '\\'],
  ['a password without end', ' -u me:', 'x'],
])('can look at 7 MiB of %s', (_, start, unit) => {
  const text = start + unit.repeat((7 << 20) / unit.length);
  expect(() => detect(text)).not.toThrow();
});

it('a token is hidden to its end, however long it is', () => {
  const [hit] = detect(`x sk-${'aB3xQ9'.repeat(1 << 19)} y`);
  expect(hit).toMatchObject({ start: 2, end: 5 + 3 * (1 << 20), class: 'real_candidate' });
});

it('a comment cannot switch the rules off', () => {
  expect(classes(`// secretlint-disable\nconst a = '${TOKENS.github}';`)).toEqual([
    'real_candidate',
  ]);
});

describe('what is none', () => {
  it.each([
    ['AKIAIOSFODNN7EXAMPLE', 'placeholder'],
    ['aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', 'placeholder'],
    ['api_key: "your-api-key-here"', 'placeholder'],
    ['API_KEY=xxxxxxxxxxxxxxxx', 'placeholder'],
    ['password = "changeme123"', 'placeholder'],
    ['OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxx', 'placeholder'],
    ['token: "<your token goes here>"', undefined],
    ['api_key: $API_KEY_FROM_VAULT', 'config_key'],
    ['apiKey: process.env.OPENAI_API_KEY,', 'config_key'],
    ['api_key = os.environ["OPENAI_API_KEY"]', 'config_key'],
    ['apiKeyEnv: OPENAI_API_KEY', undefined],
    ['auth_token: ANTHROPIC_AUTH_TOKEN', 'config_key'],
    ['const password = request.body.password;', 'config_key'],
    ['password: getPassword(user, realm)', 'config_key'],
    ['postgres://postgres:postgres@localhost:5432/app', 'placeholder'],
    ['https://user:password@proxy.invalid', 'placeholder'],
    ['access_token: 123e4567-e89b-12d3-a456-426614174000', 'unknown'],
    ['password: "correct-horse"', 'unknown'],
    ['api_key: ./config/keys.json', 'identifier'],
    ['sk-loading-spinner-with-many-words-in-it', 'identifier'],
  ])('%s: %s', (text, is) => {
    expect(classes(text)[0]).toBe(is);
  });

  it.each([
    'commit 8aaa0e8c1f0b5d7e9a3c2b4d6f8e0a1c3b5d7f9e',
    '"integrity": "sha512-V8KBzqMwJwUXLYcOIkZ3PXyM1yTSBq9G6L0V0Fq6qTu3ItPD7Fy3dAjxPCv7FZwQ1cKx0V2Wc5aJq1sJ0j3zvA=="',
    'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'id: 123e4567-e89b-12d3-a456-426614174000',
    'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'export type TokenKind = "identifier" | "keyword";',
    'const tokenCount = 12345678901234567890;',
  ])('%s', (text) => {
    expect(classes(text)).toEqual([]);
  });

  it('names in tests and examples are worth less, tokens are not', () => {
    const [text] = NAMED.env ?? [''];
    expect(classes(text, 'src/a.ts')).toEqual(['real_candidate']);
    expect(classes(text, 'test/a.ts')).toEqual(['unknown']);
    expect(classes(`a ${TOKENS.github}`, 'test/fixtures/a.ts')).toEqual(['real_candidate']);
  });
});

it('source code keeps its references and placeholders, and loses only what is a secret', () => {
  const hide = createRedactor([], { source: true, more: findMaintained });
  const kept = 'const password = process.env.DB_PASSWORD ?? "changeme123"; // AKIAIOSFODNN7EXAMPLE';
  expect(hide(kept)).toBe(kept);
  expect(hide(`+const key = '${TOKENS.stripe}';`)).toBe("+const key = '[redacted]';");
});

describe('what is told of a secret', () => {
  it('is its kind and length, never a part of it that matters', () => {
    const all = [...Object.values(TOKENS), ...Object.values(NAMED).map(([text]) => text)];
    const shown = all.flatMap((text) => detect(text).map(shownOf));
    expect(shown).toContain('ghp_…(40 chars)');
    expect(shown).toContain('API_KEY=…(32 chars)');
    for (const [, secret] of Object.values(NAMED)) {
      for (const text of shown) expect(text).not.toContain(secret.slice(0, 4));
    }
    for (const token of Object.values(TOKENS)) {
      for (const text of shown) expect(text).not.toContain(token.slice(12, 20));
    }
  });

  it('its fingerprint is the same for one key, and another for another', () => {
    const [a, b] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    expect(fingerprintOf('hunter2', a)).toMatch(/^[a-z2-7]{12}$/);
    expect(fingerprintOf('hunter2', a)).toBe(fingerprintOf('hunter2', a));
    expect(fingerprintOf('hunter2', a)).not.toBe(fingerprintOf('hunter2', b));
    expect(fingerprintOf('hunter2', a)).not.toBe(fingerprintOf('hunter3', a));
  });
});
