import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { isObject, stringAt } from '../../core/json.ts';
import { oneLine } from '../../core/text.ts';
import { SERVER } from '../../setup/names.ts';

/** A server that is not ours and cannot start; it is told and never changed. */
export type OtherServer = { server: string; problem: string };

/** Servers of others whose program is not there. Nothing is started to find out. */
export function brokenOthers(
  servers: unknown,
  root: string,
  onPath: (name: string) => boolean,
): OtherServer[] {
  return Object.entries(isObject(servers) ? servers : {}).flatMap(([name, entry]) => {
    const command = stringAt(entry, 'command');
    if (name === SERVER || command === undefined || command.includes('${')) return [];
    const isThere = /[\\/]/.test(command)
      ? existsSync(isAbsolute(command) ? command : resolve(root, command))
      : onPath(command);
    const problem = `${oneLine(command, 200)} is not there`;
    return isThere ? [] : [{ server: oneLine(name, 80), problem }];
  });
}
