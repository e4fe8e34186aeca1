import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROLES } from '../../src/core/vocabulary.ts';
import { FUNCTIONS } from '../../src/workflows/expressions/ast.ts';
import { FAN_FIELDS, GLOBAL_FIELDS, NODE_FIELDS } from '../../src/workflows/expressions/fields.ts';
import { workflowJsonSchema } from '../../src/workflows/format/json-schema.ts';
import { rawNode } from '../../src/workflows/format/nodes.ts';
import { problemLine } from '../../src/workflows/format/problems.ts';
import { handoffFields } from '../../src/workflows/handoffs/schemas.ts';
import { loadWorkflow } from '../../src/workflows/load.ts';
import { REPOSITORY } from '../support/lab.ts';

const DOC = readFileSync(join(REPOSITORY, 'docs/workflows.md'), 'utf8');
const WORDS = new Set(DOC.match(/[a-z_]+(?:\.[a-z_]+)*/g));

test('the document names every key, field and function there is', () => {
  const keys = rawNode.options.flatMap((option) => Object.keys(option.shape));
  const top = Object.keys(workflowJsonSchema().properties as object);
  const fields = [...Object.values(NODE_FIELDS), FAN_FIELDS, GLOBAL_FIELDS].flatMap(Object.keys);
  const forms = ROLES.flatMap((role) => handoffFields(role));
  for (const word of [...keys, ...top, ...fields, ...forms, ...Object.keys(FUNCTIONS)]) {
    if (word.startsWith('mock_') || word === '$schema') continue;
    expect(WORDS, word).toContain(word);
  }
});

test('its example is valid', async () => {
  const blocks = [...DOC.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  const whole = blocks.filter((text) => text.includes('nodes:'));
  expect(whole.length).toBeGreaterThan(0);
  for (const text of whole) {
    expect((await loadWorkflow('doc.yaml', text)).problems.map(problemLine)).toEqual([]);
  }
});
