import { CcError } from '../core/errors.ts';
import { AREAS, type Area, type Tool } from './define.ts';

export type Surface = { toolsets: readonly Area[] | undefined; readOnly: boolean };

/** The tools a server shows, chosen once at its start. */
export function shownOf<T extends Pick<Tool, 'area' | 'kind'>>(
  tools: readonly T[],
  surface: Surface,
): readonly T[] {
  return tools.filter(
    (tool) =>
      (surface.toolsets?.includes(tool.area) ?? true) &&
      (!surface.readOnly || tool.kind === 'read'),
  );
}

/** A tool by its name or a former name. */
export function findTool<T extends Pick<Tool, 'name' | 'aliases'>>(
  tools: readonly T[],
  name: string,
): T {
  const found = tools.find((tool) => tool.name === name || tool.aliases?.includes(name));
  if (found !== undefined) return found;
  throw new CcError('UNKNOWN_TOOL', `There is no tool ${JSON.stringify(name.slice(0, 80))}.`, {
    hint: `Tools here: ${tools.map((tool) => tool.name).join(', ')}.`,
  });
}

/** `runs,profiles` as areas; undefined means all of them. */
export function parseToolsets(text: string | undefined): readonly Area[] | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  return text.split(',').map((part) => {
    const area = AREAS.find((known) => known === part.trim());
    if (area !== undefined) return area;
    throw new CcError(
      'BAD_INPUT',
      `There is no toolset ${JSON.stringify(part.trim().slice(0, 40))}.`,
      {
        hint: `Toolsets: ${AREAS.join(', ')}.`,
      },
    );
  });
}
