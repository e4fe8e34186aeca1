import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CcError } from './errors.ts';

/**
 * A directory of data that comes with us. It lies beside `dist/` when installed and beside `src/` in a
 * clone; `file` is what it must hold, since a user's directory of the same name may lie above.
 */
export function installedDir(name: string, file: string): string {
  for (let at = import.meta.dirname; ; at = dirname(at)) {
    const path = join(at, name);
    if (existsSync(join(path, file))) return path;
    if (dirname(at) === at) break;
  }
  throw new CcError('NOT_FOUND', `${name}/ is missing from this installation.`, {
    hint: 'Install cc-orchestrator again: npm install -g cc-orchestrator',
  });
}
