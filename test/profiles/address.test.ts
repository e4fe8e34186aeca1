import { expect, test } from 'vitest';
import { isOwnNetwork } from '../../src/profiles/address.ts';

test.each([
  'http://127.0.0.1:8080',
  'http://localhost:11434/v1',
  'http://[::1]:80',
  'http://10.1.2.3',
  'http://192.168.0.7:1234',
  'http://172.16.0.1',
  'http://172.31.9.9',
  'http://ollama:11434',
  'http://box.local/v1',
  'http://gpu.lan',
  'http://[fd12:3456::1]:8000',
])('%s is in a network of its own', (address) => {
  expect(isOwnNetwork(address)).toBe(true);
});

test.each([
  'https://api.vendor.com/anthropic',
  'https://172.32.0.1',
  'https://11.0.0.1',
  'https://192.169.0.1',
  'https://localhost.vendor.com',
  'https://10.vendor.com',
  'https://[2001:db8::1]',
  'not an address',
])('%s is not', (address) => {
  expect(isOwnNetwork(address)).toBe(false);
});
