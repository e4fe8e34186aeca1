import { CcError } from '../core/errors.ts';
import { inherited } from './compaction.ts';
import type { ModelCall, Script, Step } from './script.ts';

/** The scripts of one server. The first match in order of adding wins; then the default. */
export class ScriptBook {
  readonly #scripts: Script[] = [];

  constructor(scripts: readonly Script[]) {
    for (const script of scripts) this.add(script);
  }

  add(script: Script): void {
    if (!/^[\w.-]+$/.test(script.name)) throw badScript(script, 'has an unusable name');
    if (this.#scripts.some((known) => known.name === script.name)) {
      throw badScript(script, 'is there already');
    }
    this.#scripts.push(script);
  }

  get all(): readonly Script[] {
    return this.#scripts;
  }

  find(call: ModelCall): Script | undefined {
    const candidates = this.#scripts.filter((script) => (script.api ?? call.api) === call.api);
    const name = inherited(call.opening)?.script;
    return (
      candidates.find((script) => script.name === name) ??
      candidates.find((script) => script.match !== undefined && matches(script.match, call)) ??
      candidates.find((script) => script.match === undefined)
    );
  }
}

export async function stepFor(script: Script, call: ModelCall): Promise<Step> {
  const source = script.steps[call.step] ?? script.after ?? { text: 'Done.' };
  return typeof source === 'function' ? await source(call) : source;
}

function matches(marker: string | RegExp, call: ModelCall): boolean {
  return typeof marker === 'string'
    ? call.opening.includes(marker)
    : call.opening.search(marker) !== -1;
}

function badScript(script: Script, problem: string): CcError {
  return new CcError('BAD_INPUT', `Script ${JSON.stringify(script.name)} ${problem}`, {
    hint: 'Script names are unique and made of letters, digits, dot, underscore and dash.',
  });
}
