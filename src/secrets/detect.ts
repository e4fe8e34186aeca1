import { decodedViews, joinedView, type View, withoutBreaks } from './decoded.ts';
import { looksRandom } from './entropy.ts';
import { judge, SECRET_CLASSES, type SecretClass } from './judge.ts';
import type { KnownSecrets } from './known.ts';
import { hasTokenStart, isSuspicious, RULES, type Rule } from './patterns.ts';

/** Where something like a secret stands: from `valueStart` to `end`, after what names it. */
export type RawHit = {
  rule: string;
  /** `known`: an exact value. */
  kind: Rule['kind'] | 'known';
  start: number;
  valueStart: number;
  end: number;
};

export type Hit = RawHit & {
  /** The secret, and what stands before it; never to be written anywhere. */
  value: string;
  lead: string;
  class: SecretClass;
};

export type DetectOptions = {
  known?: KnownSecrets;
  /** Further rules, which not every process has loaded. */
  more?: ((text: string) => RawHit[]) | undefined;
  /** File the text is from. */
  path?: string;
};

/** What stands where a secret was hidden. */
export const MARK = '[redacted]';
const MIN_TEXT = 6;
/** A larger text has something in it that is worth a closer look, nearly always. */
const LARGE = 1 << 14;
/** A token that was cut off is looked for this near to the end of a text. */
const CUT_LOOK = 300;
/** Output of a program that breaks its lines. */
const WRAPPED = /[A-Za-z0-9+/=_-]{40}\r?\n/;

/** Everything in a text that looks like a secret, also behind escapes; sorted, without overlaps. */
export function detect(text: string, options: DetectOptions = {}): Hit[] {
  if (text.length < MIN_TEXT) return [];
  const { known } = options;
  const found: Hit[] = [];
  for (const view of [{ text, at: undefined }, ...decodedViews(text)]) {
    const isLarge = view.text.length > LARGE;
    const hits = isLarge || isSuspicious(view.text) ? search(view.text, options) : [];
    if (known !== undefined) {
      hits.push(...findKnown(view.text, known));
      if (!isLarge || WRAPPED.test(view.text)) found.push(...findJoined(view, known));
    }
    const { at } = view;
    found.push(...(at === undefined ? hits : hits.map((hit) => placed(hit, { at }))));
  }
  return withoutOverlaps(found);
}

/** What stands under the name of a secret in an object. */
export function namedHit(name: string, value: string): Hit {
  const lead = `${name}="`;
  const hit = { rule: 'assignment', kind: 'named' as const, start: 0, valueStart: 0 };
  const seen = { ...hit, value, lead, end: value.length };
  return { ...seen, class: judge({ ...seen, text: value }) };
}

function placed(hit: Hit, { at }: Pick<View, 'at'>): Hit {
  const place = (position: number) => at[position] ?? 0;
  return {
    ...hit,
    start: place(hit.start),
    valueStart: place(hit.valueStart),
    end: place(hit.end),
  };
}

function findKnown(text: string, known: KnownSecrets): Hit[] {
  return known.find(text).map(({ start, end, secret }) => knownHit(secret, start, end));
}

/** A known value, wherever it stands. */
export function knownHit(value: string, start = 0, end = value.length): Hit {
  const rule = 'known-credential';
  const place = { start, valueStart: start, end };
  return { rule, kind: 'known', ...place, value, lead: '', class: 'real_candidate' };
}

/** In lines that were broken; nearly always there is nothing, so where it stands is worked out last. */
function findJoined(
  view: { text: string; at: View['at'] | undefined },
  known: KnownSecrets,
): Hit[] {
  if (!view.text.includes('\n') || known.find(withoutBreaks(view.text)).length === 0) return [];
  const joined = joinedView(view);
  return joined
    ? findKnown(joined.text, known).map((hit) => ({
        ...placed(hit, joined),
        // Without the break that follows its last character.
        end: (joined.at[hit.end - 1] ?? 0) + 1,
      }))
    : [];
}

function search(text: string, { more, path }: DetectOptions): Hit[] {
  const found: Hit[] = [];
  const add = (hit: RawHit) => {
    const value = text.slice(hit.valueStart, hit.end);
    if (value.includes(MARK)) return;
    if (hit.rule === 'entropy' && !looksRandom(value)) return;
    if (hit.kind === 'cut' && !/\d|[a-z][A-Z]/.test(value)) return;
    const lead = text.slice(hit.start, hit.valueStart);
    found.push({ ...hit, value, lead, class: judge({ ...hit, value, lead, text, path }) });
  };
  for (const { id, kind, pattern } of RULES) {
    // Not matchAll: it copies the pattern every time, which costs more than the search.
    pattern.lastIndex = kind === 'cut' ? Math.max(0, text.length - CUT_LOOK) : 0;
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      const start = match.index;
      const [all, lead = '', value = all] = match;
      const valueStart = start + lead.length;
      add({ rule: id, kind, start, valueStart, end: valueStart + value.length });
    }
  }
  if (more !== undefined && (text.length > LARGE || hasTokenStart(text))) {
    for (const hit of more(text)) add(hit);
  }
  return found;
}

/** Hits that overlap are one, as long as both and of the severer class. */
function withoutOverlaps(hits: readonly Hit[]): Hit[] {
  if (hits.length < 2) return [...hits];
  const passwords = hits.filter(({ rule }) => rule === 'url-password');
  // A maintained rule tells the whole address, of which only the password is one.
  const wanted = hits.filter(
    (hit) =>
      !hit.rule.startsWith('secretlint-') ||
      !passwords.some(({ valueStart, end }) => valueStart > hit.start && end < hit.end),
  );
  wanted.sort((a, b) => a.valueStart - b.valueStart || b.end - a.end);
  const result: Hit[] = [];
  for (const hit of wanted) {
    const last = result.at(-1);
    if (last === undefined || hit.valueStart >= last.end) {
      result.push(hit);
      continue;
    }
    const severer = severity(hit) < severity(last) ? hit : last;
    const { valueStart } = last;
    result[result.length - 1] = { ...severer, valueStart, end: Math.max(last.end, hit.end) };
  }
  return result;
}

function severity(hit: Hit): number {
  return hit.kind === 'known' ? -1 : SECRET_CLASSES.indexOf(hit.class);
}
