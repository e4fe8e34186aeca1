import { isDeepStrictEqual } from 'node:util';
import { CcError } from '../../core/errors.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import { renderEntry } from '../../setup/diff.ts';
import { applyEdits } from '../../setup/edit.ts';
import type { Installation } from '../../setup/installation.ts';
import { addMember, parseJsonFile, removeTopMember, replaceMember } from '../../setup/json-text.ts';
import { SERVER } from '../../setup/names.ts';
import { fileChange, type Part } from '../../setup/plan.ts';
import { readProjectFile } from '../project-file.ts';
import { repairEntry } from './entry.ts';
import { brokenOthers, type OtherServer } from './others.ts';

const SERVERS = 'mcpServers';

export type ProjectRepair = {
  problems: string[];
  others: OtherServer[];
  /** undefined: nothing is to be done. */
  part?: Part;
};

/**
 * What is wrong with our entry in a project's `.mcp.json`, and the file with it put right, everything
 * else byte for byte. Also an entry beside `mcpServers` instead of in it, which Claude Code never sees.
 * undefined where there is no such file.
 */
export async function planProjectRepair(
  root: string,
  installation: Pick<Installation, 'server'>,
  onPath: (name: string) => boolean,
): Promise<ProjectRepair | undefined> {
  const target = await readProjectFile(root, '.mcp.json');
  if (target.bytes === undefined) return undefined;
  const { text, path } = target;
  const document = parseJsonFile(text, path);
  const servers = document[SERVERS];
  const others = brokenOthers(servers, root, onPath);
  if (servers !== undefined && !isObject(servers)) throw cannotEdit(path);
  const misplaced = isObject(document[SERVER]) ? document[SERVER] : undefined;
  const raw = servers !== undefined && SERVER in servers ? servers[SERVER] : misplaced;
  if (raw === undefined) {
    const lacking = [`${SERVERS} is missing, so Claude Code refuses the file`];
    return { problems: servers === undefined ? lacking : [], others };
  }
  const repaired = repairEntry(raw, installation.server, onPath);
  const problems = [...repaired.problems];
  if (misplaced !== undefined) problems.push(`the entry stands beside ${SERVERS} and not in it`);
  if (problems.length === 0) return { problems, others };
  const after = withEntry(text, path, { document, entry: repaired.entry, servers, misplaced });
  // Of the entry alone: what stands beside it on a line may be somebody's key.
  const diff = [renderEntry(raw, '-'), renderEntry(repaired.entry, '+')].join('\n');
  return {
    problems,
    others,
    part: { changes: [fileChange('claude', target, after, diff)], notes: [] },
  };
}

function withEntry(
  text: string,
  path: string,
  facts: {
    document: JsonObject;
    entry: JsonObject;
    servers: JsonObject | undefined;
    misplaced: JsonObject | undefined;
  },
): string {
  const { document, entry, servers, misplaced } = facts;
  const removal = misplaced === undefined ? undefined : removeTopMember(text, SERVER);
  const rest = removal === undefined ? text : applyEdits(text, [removal]);
  const inPlace = replaceMember(rest, SERVERS, SERVER, entry);
  const after = applyEdits(rest, [inPlace ?? addMember(rest, SERVERS, SERVER, entry)]);
  const { [SERVER]: own, ...others } = document;
  const kept = misplaced === undefined && own !== undefined ? { ...others, [SERVER]: own } : others;
  const wanted = { ...kept, [SERVERS]: { ...servers, [SERVER]: entry } };
  // Where a key is there twice, the text does not say what the document says.
  if (!isDeepStrictEqual(parseJsonFile(after, path), wanted)) throw cannotEdit(path);
  return after;
}

function cannotEdit(path: string): CcError {
  return new CcError(
    'NOT_ALLOWED',
    `${path}: ${SERVERS} is in a form that cannot be changed in place. Nothing was changed.`,
    { hint: `Correct it by hand: one {"${SERVERS}": {…}}, each name once.` },
  );
}
