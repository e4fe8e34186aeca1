import type { Role } from '../core/vocabulary.ts';

export type Difficulty = 'simple' | 'medium' | 'complex';

export type Estimate = { difficulty: Difficulty; why: string };

/** What is known of a task before it starts. */
export type TaskFacts = {
  task: string;
  role?: Role | undefined;
  /** Path globs of the write scope; undefined for a read-only task. */
  paths?: readonly string[] | undefined;
};

const COMPLEX_AT = 3;
const SIMPLE_AT = -2;
const SHORT_WORDS = 40;
const LONG_WORDS = 400;
const MANY_STEPS = 5;
const MANY_FILES = 5;
/** More of a text is not looked at; what stands further back is material. */
const LOOKED_AT = 50_000;

const HARD =
  /\b(?:architect\w*|redesign|refactor\w*|rewrite|migrat\w+|port (?:it|the|to)|concurren\w+|race condition|deadlock|memory leak|performance|optimi[sz]e|algorithm|distributed|protocol|security audit|vulnerabilit\w+|threat model|cryptograph\w+|end[- ]to[- ]end|whole (?:code ?base|repository|project)|root cause|backwards?[- ]compatib\w+)\b|重构|架构|迁移|并发|死锁|性能优化|算法|安全审计|根本原因|整个(?:项目|仓库|代码库)/gi;
const EASY =
  /\b(?:typo|spelling|rename|reformat|format|list|count|print|show|what is|where is|which file|summari[sz]e|translate|look up|find the|read the|bump|add a comment|one[- ]liner|sort the imports)\b|拼写|错别字|重命名|格式化|列出|统计|总结|翻译|查找|注释/gi;
// Blanks that end no line: with `\s` each of many empty lines would be searched to the end of them all.
const STEP = /^[^\S\r\n\u2028\u2029]*(?:\d+[.)]|[-*•]|- \[ \])[^\S\r\n\u2028\u2029]+\S/gm;
const FILE =
  /(?<![\w@~/\\.-])[\w@~-]+(?:[/\\][\w.@~-]+)+|(?<![\w-])[\w-]+\.(?:[cm]?[jt]sx?|py|rs|go|java|c|cc|cpp|h|rb|php|cs|swift|kt|md|ya?ml|json|toml|sql|sh|css|html)\b/g;
// Languages written without spaces: about two characters a word.
const CJK = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/g;

const HARD_ROLES: ReadonlySet<Role> = new Set(['architecture', 'security', 'supervisor']);

/**
 * How hard a task probably is, from its words and scope alone: the same text always gives the same
 * answer. In doubt it is `medium`, which proposes nothing.
 */
export function estimateDifficulty({ task, role, paths }: TaskFacts): Estimate {
  const signs: [points: number, what: string][] = [];
  const note = (points: number, what: string) => {
    if (points !== 0) signs.push([points, what]);
  };
  const text = task.slice(0, LOOKED_AT);
  const words = wordCount(text);
  const hard = distinct(text, HARD);
  const easy = distinct(text, EASY);
  const steps = text.match(STEP)?.length ?? 0;
  const files = distinct(text, FILE);
  note(Math.min(3, 2 * hard.length), quoted(hard));
  note(easy.length > 0 && hard.length === 0 ? -2 : 0, quoted(easy));
  if (words > LONG_WORDS) note(2, `${words} words`);
  else if (words <= SHORT_WORDS && easy.length > 0 && hard.length === 0) note(-1, `${words} words`);
  if (steps >= MANY_STEPS) note(2, `${steps} steps`);
  if (files.length >= MANY_FILES) note(1, `${files.length} files named`);
  if (role !== undefined && HARD_ROLES.has(role)) note(1, `role ${role}`);
  if (paths !== undefined && paths.length >= MANY_FILES) note(1, `${paths.length} paths in scope`);
  const points = signs.reduce((sum, [each]) => sum + each, 0);
  const difficulty = points >= COMPLEX_AT ? 'complex' : points <= SIMPLE_AT ? 'simple' : 'medium';
  const telling = signs
    .filter(([each]) => (difficulty === 'simple' ? each < 0 : each > 0))
    .map(([, what]) => what);
  return { difficulty, why: telling.join(', ') };
}

function wordCount(text: string): number {
  const cjk = text.match(CJK)?.length ?? 0;
  const rest = text.replace(CJK, ' ').match(/\S+/g)?.length ?? 0;
  return rest + Math.ceil(cjk / 2);
}

function distinct(text: string, shape: RegExp): string[] {
  return [...new Set((text.match(shape) ?? []).map((word) => word.toLowerCase()))];
}

function quoted(words: readonly string[]): string {
  return words
    .slice(0, 3)
    .map((word) => JSON.stringify(word))
    .join(', ');
}
