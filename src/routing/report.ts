import { isoTime } from '../core/clock.ts';
import { oneLine, plural } from '../core/text.ts';
import { ROLES } from '../core/vocabulary.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Policy } from '../workspace/policy.ts';
import type { Catalog } from './catalog.ts';
import { requestFor } from './choose.ts';
import type { Evidence } from './evidence.ts';
import { pickProfile } from './pick.ts';
import { type RegistryRow, registryRows } from './registry.ts';

const ROWS = 200;
const CELL = 120;

/** How routing stands, for people: what each role gets and why, every model, and the policy behind it. */
export function routingReport(
  policy: Policy,
  profiles: readonly Profile[],
  evidence: Evidence,
  catalog: Catalog | undefined,
): string {
  const { routing, preferred } = policy;
  const rows = registryRows(profiles, evidence, catalog, routing);
  const roles = ROLES.map((role) => {
    const pick = pickProfile(requestFor({}, role, policy), profiles, evidence);
    const second = pick.ranked.find(({ id }) => id !== pick.profile.id);
    return [role, pick.profile.id, pick.model, pick.reason, second?.id ?? ''];
  });
  return [
    '# Routing',
    '',
    `As of ${isoTime(new Date(evidence.now))}. Read-only tasks of medium difficulty; cc_pick_profile tells it for a task.`,
    '',
    '## What each role gets',
    '',
    ...table(['Role', 'Profile', 'Model', 'Why', 'Next'], roles),
    '',
    '## Models',
    '',
    ...table(
      ['Model', 'Profile', 'USD per million in/out', 'Window', 'Runs', 'Trust', 'Cooldown'],
      rows.slice(0, ROWS).map(cells),
    ),
    ...(rows.length > ROWS ? ['', `${rows.length - ROWS} more are not shown.`] : []),
    '',
    '## Policy',
    '',
    `- Preferences: ${JSON.stringify(preferred)}`,
    `- Providers: ${JSON.stringify(routing.providers)}`,
    `- Admission: ${JSON.stringify(routing.admission)}`,
    `- Difficulty: ${routing.difficulty}`,
    `- Catalogue: ${catalog === undefined ? 'none' : `${plural(catalog.models.length, 'model')} of ${catalog.fetched}`}`,
    '',
  ].join('\n');
}

function cells(row: RegistryRow): string[] {
  const { price, context_window: window, history, cooldown } = row;
  return [
    row.model,
    row.profile,
    price === undefined ? 'unknown' : `${price.input}/${price.output} (${price.from})`,
    window === undefined ? 'unknown' : `${window.tokens} (${window.from})`,
    history === undefined ? '' : `${history.succeeded} of ${history.runs} succeeded`,
    row.trust,
    cooldown ?? '',
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => oneLine(cell, CELL).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
