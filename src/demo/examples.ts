import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CcError } from '../core/errors.ts';

/** A directory of `examples/`, which lies beside `dist/` when installed and beside `src/` in a clone. */
export function exampleDir(name: 'sample-project' | 'recorded-run'): string {
  for (let at = import.meta.dirname; ; at = dirname(at)) {
    const path = join(at, 'examples', name);
    if (existsSync(path)) return path;
    if (dirname(at) === at) break;
  }
  throw new CcError('NOT_FOUND', `examples/${name} is missing from this installation.`, {
    hint: 'Install cc-orchestrator again: npm install -g cc-orchestrator',
  });
}
