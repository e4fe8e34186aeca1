import type { ModelCall, Script, Step, ToolUse, Usage } from '../../src/loopback/index.ts';

/** How a model departs from being honest; everything else it does as told. */
export type Quirks = Partial<{
  /** Changes any step on its way out; `index` counts the answers of a conversation from 0. */
  step: (step: Step, index: number, call: ModelCall) => Step;
  usage: (honest: Usage, index: number) => Partial<Usage>;
  /** Reads one file per answer. */
  oneAtATime: boolean;
  /** Answers in words only. */
  noTools: boolean;
  /** Never answers by schema. */
  noSchema: boolean;
  /** Code words it makes up, by field. */
  invents: Record<string, string>;
  /** Thinks when asked to. */
  thinks: boolean;
  /** Forgets what comes before this part of a long prompt. */
  forgetsBefore: number;
}>;

const LONG = 'Answer with the early and the middle code word.';
const REASONING = 'Think it through';

/** A model that does what the tests of a profile ask for, as any capable one would. */
export function probeModel(quirks: Quirks = {}): Script {
  return { name: 'probe', steps: [], after: (call) => answer(call, quirks) };
}

function answer(call: ModelCall, quirks: Quirks): Step {
  const step = honestStep(call, quirks);
  const usage = honestUsage(call, step);
  const counted = { ...step, usage: { ...usage, ...quirks.usage?.(usage, call.step) } };
  return quirks.step?.(counted, call.step, call) ?? counted;
}

function honestStep(call: ModelCall, quirks: Quirks): Step {
  if (quirks.noTools) return { text: 'I have read both files.' };
  if (call.opening.includes(LONG)) return byWords(call.opening, quirks);
  if (call.opening.includes(REASONING)) {
    const step = { tools: [schema({ answer: '24' })] };
    return quirks.thinks === false ? step : { ...step, thinking: 'Multiples of 4, then of 7.' };
  }
  const wanted = [...call.opening.matchAll(/(\/\S+\.txt)/g)].map(([, path]) => path ?? '');
  // Results of parallel calls come in the order in which they were done; ids in that of the calls.
  const results = call.toolResults
    .filter((result) => result.tool === 'Read')
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const missing = wanted.slice(results.length);
  if (missing.length > 0) {
    const now = quirks.oneAtATime ? missing.slice(0, 1) : missing;
    return { text: 'Reading.', tools: now.map(read) };
  }
  if (quirks.noSchema) return { text: 'Both are read.' };
  const [one = '', two = ''] = results.map(
    ({ text }) => /code word is (\w+)/.exec(text)?.[1] ?? '',
  );
  return { tools: [schema({ one, two, ...quirks.invents })] };
}

function byWords(opening: string, quirks: Quirks): Step {
  const known = opening.slice(Math.floor(opening.length * (quirks.forgetsBefore ?? 0)));
  const word = (which: string) =>
    new RegExp(`The ${which} code word is (\\w+)`).exec(known)?.[1] ?? 'none';
  return { tools: [schema({ early: word('early'), middle: word('middle') })] };
}

function read(path: string): ToolUse {
  return { name: 'Read', input: { file_path: path } };
}

function schema(input: Record<string, string>): ToolUse {
  return { name: 'StructuredOutput', input };
}

/** Four bytes to a token, as far as a request can be counted so. */
function honestUsage(call: ModelCall, step: Step): Usage {
  const tokens = (value: unknown) => Math.ceil(JSON.stringify(value ?? '').length / 4);
  return {
    input: tokens(call.body),
    output: tokens([step.text, step.thinking, step.tools]),
    cacheRead: 0,
    cacheCreation: 0,
  };
}
