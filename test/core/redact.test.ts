import { describe, expect, it } from 'vitest';
import { createByteRedactor, createRedactor, redact, redactJson } from '../../src/core/redact.ts';

const B64 = 'QWxhZGRpbjpvcGVuIHNlc2FtZQ';
const JWT = 'eyJhbGciOiJIUzI1NiIsInR5cCI.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n';

describe('shapes of credentials', () => {
  it.each([
    ['OpenAI-like key', 'sk-', 'abcdefghij0123456789'],
    ['Anthropic key', 'sk-ant-api03-', 'AbCd_efgh-ijkl0123456789'],
    ['project key', 'sk-proj-', 'abcdefghij0123456789abc'],
    ['GitHub token', 'ghp_', 'a'.repeat(36)],
    ['GitHub server token', 'ghs_', 'A1'.repeat(18)],
    ['fine-grained GitHub token', 'github_pat_', `11ABCDEFG0_${'a'.repeat(59)}`],
    ['GitLab token', 'glpat-', 'abcdefghijklmnopqrst'],
    ['Slack token', 'xoxb-', '1234567890-abcdefg'],
    ['AWS key id', 'AKIA', 'IOSFODNN7EXAMPLE'],
    ['Google key', 'AIza', 'SyA1234567890abcdefghijklmnopqrstuv'],
    ['npm token', 'npm_', 'a'.repeat(36)],
  ])('%s', (_, prefix, rest) => {
    expect(rest).not.toBe('');
    expect(redact(`key ${prefix}${rest}, next`)).toBe('key [redacted], next');
    expect(redact(`"${prefix}${rest}"`)).toBe('"[redacted]"');
  });

  it('JWT', () => {
    expect(redact(`jwt=${JWT};`)).toBe('jwt=[redacted];');
  });

  it('private keys, whole and cut', () => {
    const key = `-----BEGIN RSA PRIVATE KEY-----\n${B64}\n-----END RSA PRIVATE KEY-----`;
    expect(redact(`a\n${key}\nb`)).toBe('a\n[redacted]\nb');
    expect(redact(key.slice(0, 45))).toBe('[redacted]');
  });

  it.each([
    ['Authorization: Bearer abcdefghijkl0123', 'Authorization: Bearer [redacted]'],
    ['authorization: bearer AbCdEfGhIjKlMnOp', 'authorization: bearer [redacted]'],
    [`Authorization: Basic ${B64}==`, 'Authorization: Basic [redacted]'],
    ['Basic dXNlcjpwYXNz', 'Basic [redacted]'],
  ])('authorization header %#', (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it.each([
    ['api_key=abcdefgh12', 'api_key=[redacted]'],
    ['ANTHROPIC_AUTH_TOKEN=abcd-efgh-12', 'ANTHROPIC_AUTH_TOKEN=[redacted]'],
    ['AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG', 'AWS_SECRET_ACCESS_KEY=[redacted]'],
    ['"apiKey": "abcdefgh12", "b": 1', '"apiKey": "[redacted]", "b": 1'],
    ["password: 'correct-horse'", "password: '[redacted]'"],
    ['x-api-key: abcdefgh12', 'x-api-key: [redacted]'],
    ['--password=hunter2hunter2 --next', '--password=[redacted] --next'],
  ])('assignment %#', (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it('JSON quoted inside JSON stays JSON', () => {
    const inner = JSON.stringify({ api_key: 'abcdefgh12345', other: 'kept' });
    const twice = JSON.stringify({ text: JSON.stringify({ text: inner }) });
    const redacted = redact(twice);
    expect(redacted).not.toContain('abcdefgh12345');
    const value = JSON.parse(JSON.parse(JSON.parse(redacted).text).text);
    expect(value).toEqual({ api_key: '[redacted]', other: 'kept' });
  });

  it.each([
    ['https://user:s3cret@host/x', 'https://user:[redacted]@host/x'],
    ['redis://:s3cret@host:6379/0', 'redis://:[redacted]@host:6379/0'],
    ['postgres://u:p%40ss@h/db and git://h/x', 'postgres://u:[redacted]@h/db and git://h/x'],
  ])('password in a URL %#', (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it('is stable when applied twice', () => {
    const text = `api_key=abcdefgh12 Bearer abcdefghijkl0123 https://u:s3cret@h sk-${'a1'.repeat(12)}`;
    expect(redact(redact(text))).toBe(redact(text));
  });
});

describe('what must stay readable', () => {
  it.each([
    'commit 8aaa0e8c1f0b5d7e9a3c2b4d6f8e0a1c3b5d7f9e by someone',
    'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'id 123e4567-e89b-12d3-a456-426614174000',
    'run_20261121t110900123z_k3v7qa2m',
    '/home/user/project/src/components/SomeVeryLongComponentName.test.tsx:120:34',
    'C:\\Users\\someone\\AppData\\Local\\Temp\\file.txt',
    'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'a basic understanding of basic functionality; bearer authentication is basic authentication',
    'the password is missing; password: none',
    'input_tokens: 12345678, cache_read_input_tokens=987654321',
    'https://example.invalid:8080/path?x=1&y=user@example.invalid',
    'see http://[::1]:3000/ and mail a@b.invalid',
    'a task-description-with-many-words-in-it and a desk-something-quite-long-here',
    'npm_config_registry and npm_lifecycle_event',
  ])('%s', (text) => {
    expect(redact(text)).toBe(text);
  });
});

describe('known secrets', () => {
  it('hides them wherever they stand, the longest first', () => {
    const redactor = createRedactor(['secret-1', 'secret-1-and-more', 'secret-1']);
    expect(redactor('xsecret-1-and-morey secret-1')).toBe('x[redacted]y [redacted]');
  });

  it('takes them literally', () => {
    expect(createRedactor(['a.*$&c'])('aXXXc a.*$&c')).toBe('aXXXc [redacted]');
  });

  it('ignores what is too short to be one', () => {
    expect(createRedactor(['', 'a', 'false'])('a false start')).toBe('a false start');
  });
});

describe('redactJson', () => {
  it('goes through every string, keeps keys, structure and other values', () => {
    const value = {
      list: ['ok', `Bearer ${B64}1`, { deep: 'https://u:s3cret@h' }],
      n: 1,
      nothing: null,
      yes: true,
    };
    expect(redactJson(value)).toEqual({
      list: ['ok', 'Bearer [redacted]', { deep: 'https://u:[redacted]@h' }],
      n: 1,
      nothing: null,
      yes: true,
    });
  });

  it('hides what stands under the name of a secret, as the same JSON written out would', () => {
    const value = { api_key: 'abcdefgh12', env: { MY_PASSWORD: 'correct horse' }, password: 'set' };
    expect(redactJson(value)).toEqual({
      api_key: '[redacted]',
      env: { MY_PASSWORD: '[redacted]' },
      password: 'set',
    });
  });

  it('is not fooled by a key called __proto__', () => {
    const value = JSON.parse('{"__proto__": {"api_key": "abcdefgh12"}}');
    expect(JSON.stringify(redactJson(value))).toBe('{"__proto__":{"api_key":"[redacted]"}}');
  });
});

it.each(['a"b\\c$(x)`d', "quote'and\\\\slash", 'tab\tand"more'])(
  'hides a known secret however often it was quoted (%j)',
  (secret) => {
    const once = JSON.stringify({ text: `it is ${secret}!` });
    const twice = JSON.stringify({ text: once });
    const redactor = createRedactor([secret]);
    expect(redactor(`it is ${secret}!`)).toBe('it is [redacted]!');
    expect(redactor(once)).toBe('{"text":"it is [redacted]!"}');
    expect(JSON.parse(JSON.parse(redactor(twice)).text)).toEqual({ text: 'it is [redacted]!' });
    const bytes = createByteRedactor([secret])(Buffer.from(twice));
    expect(JSON.parse(JSON.parse(bytes.toString()).text)).toEqual({ text: 'it is [redacted]!' });
  },
);

// Worker text is untrusted: with quadratic patterns each of these would take minutes.
it.each([
  ['eyJ-'],
  ['eyJaaaaaaaaaaaa.'],
  ['sk-'],
  ['Bearer '],
  ['Basic a.'],
  ['password '],
  ['password="'],
  ['password=\\'],
  ['://a:'],
  ['-----BEGIN PRIVATE KEY '],
  ['-----BEGIN '],
  ['xoxb-'],
])('takes linear time on a million times %j', (piece) => {
  expect(typeof redact(piece.repeat(1_000_000 / piece.length))).toBe('string');
});
