import { rules } from '@secretlint/secretlint-rule-preset-recommend';
import type { SecretLintRuleContext, SecretLintSourceCode } from '@secretlint/types';
import type { RawHit } from './detect.ts';

/**
 * The rules of secretlint's recommended preset, called directly and one after another: its core is
 * asynchronous, and what is written must be clean at that moment. Loaded only where texts of workers
 * are recorded or scanned.
 */
const LEFT_OUT = new Set([
  // A worker could switch the others off with a comment.
  '@secretlint/secretlint-rule-filter-comments',
  // Opens files by itself; the private keys it looks for are found by their shape.
  '@secretlint/secretlint-rule-gcp',
]);

let hits: RawHit[] = [];

const detectors = rules
  .filter(({ meta }) => !LEFT_OUT.has(meta.id))
  .map((rule) => {
    const id = rule.meta.id.replace(/^@secretlint\/secretlint-rule-/, 'secretlint-');
    const context = {
      sharedOptions: {},
      createTranslator: () => (messageId: string) => ({ message: '', messageId }),
      ignore: () => undefined,
      report: ({ range: [start, end] }: { range: readonly [number, number] }) => {
        hits.push({ rule: id, kind: 'token', start, end, valueStart: start });
      },
    };
    return rule.create(context as unknown as SecretLintRuleContext, {});
  });

/** Ids of the rules in use, for whoever checks that each of them works. */
export const maintainedRules: readonly string[] = rules.map(({ meta }) => meta.id);

export function findMaintained(text: string): RawHit[] {
  hits = [];
  const source = { content: text, contentType: 'text', filePath: '', ext: '' };
  for (const detector of detectors) detector.file?.(source as unknown as SecretLintSourceCode);
  return hits;
}
