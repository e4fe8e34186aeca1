import * as z from 'zod';
import { workflowFile } from './file.ts';

/** The format as JSON Schema, so that editors complete and check workflow files. */
export function workflowJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(workflowFile, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
  });
  return { $schema, title: 'cc-orchestrator workflow, schema_version 1', ...rest };
}
