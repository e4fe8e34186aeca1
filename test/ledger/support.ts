import { readFileSync, writeFileSync } from 'node:fs';
import { appendEntry, type Draft } from '../../src/ledger/append.ts';
import { ledgerPaths } from '../../src/ledger/place.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import type { Host } from '../../src/workspace/host.ts';
import type { Workspace } from '../../src/workspace/layout.ts';
import { userWithProject } from '../support/history.ts';
import { scratch } from '../support/scratch.ts';

/** A project with a ledger of so many entries. */
export async function ledgerOf(count: number): Promise<Ledger> {
  const { host, workspace } = await userWithProject(scratch());
  const ledger = new Ledger(host, workspace);
  for (let n = 1; n <= count; n += 1) await ledger.append({ facts: { n } });
  return ledger;
}

export class Ledger {
  readonly host: Host;
  readonly workspace: Workspace;
  readonly file: string;

  constructor(host: Host, workspace: Workspace) {
    this.host = host;
    this.workspace = workspace;
    this.file = ledgerPaths(workspace).file;
  }

  append(draft: Partial<Draft> = {}) {
    return appendEntry(this.host, this.workspace, {
      kind: 'gate',
      subject: 'main',
      facts: {},
      ...draft,
    });
  }

  verify(runId?: string) {
    return verifyLedger(this.host, this.workspace, { runId });
  }

  /** Problems as `class@line`. */
  async problems(): Promise<string[]> {
    const { ok, problems } = await this.verify();
    if (ok !== (problems.length === 0)) throw new Error('ok and problems disagree');
    return problems.map((problem) => `${problem.class}@${problem.line}`);
  }

  /** Its lines; line 1, the header, is the first. */
  get lines(): string[] {
    return readFileSync(this.file, 'utf8').trimEnd().split('\n');
  }

  /** Tampers with it. */
  rewrite(change: (lines: string[]) => string[]): void {
    writeFileSync(this.file, `${change(this.lines).join('\n')}\n`);
  }
}
