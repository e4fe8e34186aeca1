import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { CcError, EXIT } from '../core/errors.ts';
import { type Leftovers, planLeftovers } from '../governance/leftovers.ts';
import { installationOf } from '../setup/installation.ts';
import { CLIENT_TITLES, CLIENTS, type Client, SCOPES } from '../setup/names.ts';
import type { Note, SetupOptions } from '../setup/plan.ts';
import { programNote } from '../setup/program-note.ts';
import { installPrompt } from '../setup/prompt.ts';
import { applyPlan, planSetup, planUninstall, type SetupPlan } from '../setup/setup.ts';
import { knownWorkspaces } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import { resolvePlace } from '../workspace/resolve.ts';
import type { Screen } from './render.ts';
import { renderPlan, renderReport } from './setup-text.ts';

type Asked = SetupOptions & { projects: boolean; dryRun: boolean; yes: boolean; json: boolean };

/** `cc-orchestrator setup`: what would be written, and after a yes, written. */
export async function setup(
  args: readonly string[],
  host: Host,
  screen: Screen,
  out: NodeJS.WritableStream = process.stdout,
): Promise<number> {
  if (args.includes('--prompt')) {
    process.stdout.write(installPrompt(installationOf(host)));
    return EXIT.ok;
  }
  const asked = await withConsent(parse(args), screen);
  const plan = await planSetup(host, projectOf(host), asked);
  return carryOut('setup', host, plan, asked, screen, out);
}

/** `cc-orchestrator uninstall`: everything that setup has written, taken away again. */
export async function uninstall(
  args: readonly string[],
  host: Host,
  screen: Screen,
): Promise<number> {
  const asked = parse(args);
  const project = projectOf(host);
  const plan = await planUninstall(host, project, asked);
  const others = asked.scope === 'user' ? await knownWorkspaces(host.home) : [];
  const left = await planLeftovers(plan.settings, [project, ...others], {
    remove: asked.projects,
  });
  const whole = {
    ...plan,
    parts: [...plan.parts, ...left.parts],
    notes: [...plan.notes, ...left.notes, ...allAtOnce(plan, left, asked)],
  };
  return carryOut('uninstall', host, whole, asked, screen, process.stdout);
}

/** One command for all that was named, of the clients that were asked for. */
function allAtOnce(
  { settings }: SetupPlan,
  { named }: Leftovers,
  { scope, clients }: Asked,
): Note[] {
  const [first] = settings;
  if (first === undefined || named < 2 || scope === 'project') return [];
  const { client } = first.client;
  const only = clients === 'all' ? '' : ` --client ${client}`;
  const text = 'What projects hold is often shared with others. To take it out of all of them:';
  return [{ level: 'info', client, text, fix: `cc-orchestrator uninstall${only} --projects` }];
}

async function carryOut(
  command: 'setup' | 'uninstall',
  host: Host,
  plan: SetupPlan,
  asked: Asked,
  screen: Screen,
  out: NodeJS.WritableStream,
): Promise<number> {
  const changes = plan.parts.flatMap((part) => part.changes);
  const changed = changes.length > 0 || plan.parts.some((part) => part.gone !== undefined);
  if (!asked.json) out.write(renderPlan(command, plan));
  const isUnfinished = !changed && plan.parts.some((part) => part.owned !== undefined);
  if (isUnfinished && !asked.dryRun) await applyPlan(host, plan);
  const write = changed && !asked.dryRun && (asked.yes || (await agreed(asked, screen)));
  const backedUp = write ? (await applyPlan(host, plan)).backedUp : 0;
  const report = {
    command,
    dryRun: asked.dryRun,
    written: write,
    backedUp,
    home: host.home.root,
    program: command === 'setup' ? programNote(host) : undefined,
  };
  if (asked.json) {
    const facts = {
      ok: true,
      command,
      dry_run: asked.dryRun,
      written: write,
      changes: changes.map(({ client, path, kind, diff }) => ({ client, path, kind, diff })),
      notes: plan.notes,
      ...(backedUp > 0 ? { backups: plan.backups } : {}),
    };
    out.write(`${JSON.stringify(facts)}\n`);
  } else {
    out.write(renderReport(plan, report));
  }
  return EXIT.ok;
}

async function agreed({ json }: Asked, screen: Screen): Promise<boolean> {
  if (json || !screen.isTTY || !process.stdin.isTTY) {
    throw new CcError('NOT_ALLOWED', 'Nothing was written: there is nobody to ask.', {
      hint: 'Look at it with --dry-run, then add --yes.',
    });
  }
  return ask('Write this?');
}

async function ask(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

/** What only the user may grant is asked on a terminal; elsewhere it takes its flag. */
async function withConsent(asked: Asked, screen: Screen): Promise<Asked> {
  const isSilent = asked.yes || asked.dryRun || asked.json;
  const isAnswered = asked.approve !== undefined;
  const concernsCodex = asked.clients === 'all' || asked.clients.includes('codex');
  const canAsk = screen.isTTY && process.stdin.isTTY;
  if (isSilent || isAnswered || !concernsCodex || !canAsk) return asked;
  return {
    ...asked,
    approve: await ask(
      `May ${CLIENT_TITLES.codex} start and stop workers without asking each time?`,
    ),
  };
}

function parse(args: readonly string[]): Asked {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      client: { type: 'string', default: 'all' },
      scope: { type: 'string', default: 'user' },
      approve: { type: 'boolean' },
      'startup-grace': { type: 'boolean' },
      replace: { type: 'boolean', default: false },
      projects: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      yes: { type: 'boolean', short: 'y', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  return {
    clients: clientsOf(values.client),
    scope: oneOf('--scope', values.scope, SCOPES),
    approve: values.approve,
    startupGrace: values['startup-grace'],
    replace: values.replace,
    projects: values.projects,
    dryRun: values['dry-run'],
    yes: values.yes,
    json: values.json,
  };
}

function clientsOf(value: string): readonly Client[] | 'all' {
  const found = oneOf('--client', value, [...CLIENTS, 'all'] as const);
  return found === 'all' ? 'all' : [found];
}

function oneOf<T extends string>(flag: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw new CcError('BAD_INPUT', `${flag} ${JSON.stringify(value.slice(0, 40))} is not known.`, {
    hint: `One of: ${choices.join(', ')}.`,
  });
}

function projectOf(host: Host): string {
  return resolvePlace({ cwd: undefined, env: host.env, processCwd: process.cwd() }).workspace.root;
}
