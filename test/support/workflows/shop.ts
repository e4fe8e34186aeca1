import { mkdirSync, symlinkSync } from 'node:fs';
import type { Lab } from '../lab.ts';

/**
 * A small project that is worth working on, whole without a network: prices that are written twice, a
 * discount that comes one cent too late, documents that are wrong, and a dependency with a newer
 * version that is not compatible.
 */
export function makeShop(lab: Lab): void {
  for (const [name, text] of Object.entries(FILES)) lab.write(name, text);
  mkdirSync(lab.path('node_modules'));
  symlinkSync('../vendor/pad-1', lab.path('node_modules/pad'));
  lab.commit();
}

export const PRICE = `import { pad } from 'pad';

/** 1999 is \`19.99 EUR\`. */
export function priceText(cents) {
  const euros = Math.floor(cents / 100);
  const rest = cents % 100;
  return \`\${euros}.\${pad(rest, 2)} EUR\`;
}

/** The tax in it, rounded to the cent. */
export function taxText(cents) {
  const tax = Math.round(cents * 0.19);
  const euros = Math.floor(tax / 100);
  const rest = tax % 100;
  return \`\${euros}.\${pad(rest, 2)} EUR\`;
}
`;

const PRICE_TEST = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { priceText, taxText } from '../src/price.mjs';

test('prices', () => assert.equal(priceText(1905), '19.05 EUR'));
test('tax', () => assert.equal(taxText(10000), '19.00 EUR'));
`;

export const ORDER = `/** In cents, with 10 % off from 100 EUR on. */
export function total(items) {
  const sum = items.reduce((all, { cents, count }) => all + cents * count, 0);
  return sum > 10000 ? Math.round(sum * 0.9) : sum;
}
`;

const ORDER_TEST = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { total } from '../src/order.mjs';

test('small orders', () => assert.equal(total([{ cents: 500, count: 3 }]), 1500));
test('large orders', () => assert.equal(total([{ cents: 5000, count: 4 }]), 18000));
`;

const BUILD = `import { cpSync, mkdirSync } from 'node:fs';

mkdirSync('build', { recursive: true });
cpSync('src', 'build/src', { recursive: true });
`;

const CLEAN = `import { rmSync } from 'node:fs';

rmSync('build', { recursive: true, force: true });
`;

/** No registry is asked for anything. */
const NPM = `offline=true
audit=false
fund=false
update-notifier=false
registry=http://127.0.0.1:9/
`;

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

const pad = (version: string, name: string) => ({
  [`vendor/pad-${version}/package.json`]: json({
    name: 'pad',
    version: `${version}.0.0`,
    type: 'module',
    exports: './index.mjs',
  }),
  [`vendor/pad-${version}/index.mjs`]: `export const ${name} = (value, width) => String(value).padStart(width, '0');\n`,
});

const FILES: Readonly<Record<string, string>> = {
  'package.json': json({
    name: 'shop',
    version: '1.2.0',
    type: 'module',
    files: ['build'],
    scripts: {
      test: 'node --test',
      build: 'node scripts/build.mjs',
      clean: 'node scripts/clean.mjs',
    },
    dependencies: { pad: 'file:vendor/pad-1' },
  }),
  'package-lock.json': json({
    name: 'shop',
    version: '1.2.0',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: 'shop', version: '1.2.0', dependencies: { pad: 'file:vendor/pad-1' } },
      'node_modules/pad': { resolved: 'vendor/pad-1', link: true },
      'vendor/pad-1': { name: 'pad', version: '1.0.0' },
    },
  }),
  '.npmrc': NPM,
  '.gitignore': 'node_modules/\nbuild/\n',
  ...pad('1', 'pad'),
  ...pad('2', 'padStart'),
  'src/price.mjs': PRICE,
  'src/order.mjs': ORDER,
  'test/price.test.mjs': PRICE_TEST,
  'test/order.test.mjs': ORDER_TEST,
  'scripts/build.mjs': BUILD,
  'scripts/clean.mjs': CLEAN,
  'README.md': '# Shop\n\nPrices and orders. See docs/.\n',
  'docs/orders.md': '# Orders\n\n`total` takes 20 % off from 100 EUR on.\n',
  'docs/prices.md': '# Prices\n\n`priceText` takes euros.\n',
  'docs/tax.md': '# Tax\n\n`taxText` rounds to the cent.\n',
};
