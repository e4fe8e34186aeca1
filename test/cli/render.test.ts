import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { renderResult } from '../../src/cli/render.ts';
import type { Tool } from '../../src/tools/define.ts';

it('shows a diff line by line, however long its lines are', () => {
  const diff = `@@ -1,0 +1,2 @@\n+${'long line '.repeat(30)}\n+\n+end`;
  const shown = renderResult({ format: undefined } as unknown as Tool, { files: [{ diff }] });
  const lines = shown.split('\n').map((line) => line.trim());
  for (const line of diff.split('\n')) expect(lines).toContain(line.trim());
  expect(parse(shown)).toEqual({ files: [{ diff }] });
});
