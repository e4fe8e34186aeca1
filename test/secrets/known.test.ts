import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../src/core/redact.ts';
import { KnownSecrets } from '../../src/secrets/known.ts';

const SECRET = 'kq7-Zr9/Lm+2w=Tb_4xVn8.QpYs3Dh6';
const hide = createRedactor([SECRET]);
const escaped = (text: string, form: (code: string) => string) =>
  [...text].map((c) => form(c.charCodeAt(0).toString(16).padStart(2, '0'))).join('');

describe('a known value does not survive', () => {
  it.each([
    ['as it is', SECRET],
    ['in JSON', JSON.stringify({ a: SECRET })],
    ['with escaped slashes', SECRET.replaceAll('/', '\\/')],
    ['as unicode escapes', escaped(SECRET, (code) => `\\u00${code}`)],
    ['as a few unicode escapes', SECRET.replace('-', '\\u002d').replace('+', '\\u002B')],
    ['as unicode escapes in quoted JSON', escaped(SECRET, (code) => `\\\\u00${code}`)],
    ['as hexadecimal escapes', escaped(SECRET, (code) => `\\x${code}`)],
    ['for a URL', encodeURIComponent(SECRET)],
    [
      'for a URL, lower case',
      encodeURIComponent(SECRET)
        .toLowerCase()
        .replace(/[a-z]/g, (c, at) => encodeURIComponent(SECRET)[at] ?? c),
    ],
    ['for a URL, every character', escaped(SECRET, (code) => `%${code}`)],
    ['for HTML', SECRET.replaceAll('+', '&#43;').replaceAll('=', '&#x3D;')],
    ['in hexadecimal', Buffer.from(SECRET).toString('hex')],
    ['in upper-case hexadecimal', Buffer.from(SECRET).toString('hex').toUpperCase()],
    ['in base64', Buffer.from(SECRET).toString('base64')],
    ['in base64 for URLs', Buffer.from(SECRET).toString('base64url')],
    ['in base64 after one byte', Buffer.from(`x${SECRET}yz`).toString('base64')],
    ['in base64 after two bytes', Buffer.from(`xy${SECRET}\n`).toString('base64')],
    ['in base64 of a header', Buffer.from(`user:${SECRET}`).toString('base64')],
  ])('%s', (_, form) => {
    const out = hide(`before ${form} after`);
    expect(out).toContain('[redacted]');
    expect(out.startsWith('before ')).toBe(true);
    expect(out.endsWith(' after')).toBe(true);
    // No more than the characters of base64 that also depend on what stands beside it.
    expect(out.length).toBeLessThanOrEqual('before [redacted] after'.length + 8);
  });

  it('in base64 that was wrapped', () => {
    const text = Buffer.from(
      `${'some text before it. '.repeat(5)}${SECRET}${'and after it'.repeat(3)}`,
    )
      .toString('base64')
      .replace(/.{76}/g, '$&\n');
    const out = hide(text);
    expect(out).toContain('[redacted]');
    expect(
      Buffer.from(out.replace(/\n|\[redacted\]/g, ''), 'base64').toString('latin1'),
    ).not.toContain(SECRET.slice(4, 20));
  });

  it('in lines, wherever they are broken', () => {
    for (let width = 3; width < SECRET.length; width += 1) {
      const lines = (SECRET.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join('\n  ');
      expect(hide(`it is:\n${lines}\nand no more`)).toMatch(/^it is:\n\[redacted\]\nand no more$/);
    }
  });

  it('in two texts, wherever it is split', () => {
    for (let at = 1; at < SECRET.length; at += 1) {
      const [first, second] = [`it is ${SECRET.slice(0, at)}`, `${SECRET.slice(at)} is its end`];
      const together = `${hide(first)}${hide(second)}`;
      expect(together).not.toContain(SECRET);
      expect(together).toContain('[redacted]');
    }
  });

  it('where its end was cut off', () => {
    expect(hide(`token ${SECRET.slice(0, 20)}…`)).toBe('token [redacted]…');
  });
});

it('a piece of it that says nothing stays', () => {
  expect(hide('kq7-Zr9/ is the beginning of many words')).toBe(
    'kq7-Zr9/ is the beginning of many words',
  );
});

it('finds one of hundreds in one pass', () => {
  const secrets = Array.from(
    { length: 300 },
    (_, index) => `secret-number-${index}-${(index * 7919).toString(36)}-end`,
  );
  const known = new KnownSecrets(secrets);
  const text = `${'no secret is here, and none there. '.repeat(30_000)}${secrets[123]}`;
  expect(known.find(text).some(({ secret }) => secret === secrets[123])).toBe(true);
});

it('takes linear time where a text repeats a value', () => {
  const repeated = new KnownSecrets(['a'.repeat(200), 'ab'.repeat(100)]);
  expect(repeated.find('a'.repeat(1_000_000)).length).toBeGreaterThan(0);
  expect(repeated.find('ab'.repeat(500_000)).length).toBeGreaterThan(0);
});
