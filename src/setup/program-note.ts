import type { Host } from '../workspace/host.ts';
import { onPath } from './clients.ts';
import { SERVER } from './names.ts';
import { quoted } from './quote.ts';

/** How to call us where the name that all advice uses is not on the PATH, as in a clone. */
export function programNote({ env, cli }: Host): string | undefined {
  const names = process.platform === 'win32' ? [`${SERVER}.cmd`, `${SERVER}.exe`] : [SERVER];
  const [script] = cli?.args ?? [];
  if (script === undefined || onPath(env, names) !== undefined) return undefined;
  return `There is no ${SERVER} on your PATH; wherever it is named, use: node ${quoted(script)}`;
}
