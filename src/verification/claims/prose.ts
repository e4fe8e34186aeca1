import { truncate } from '../../core/text.ts';
import type { Reported } from './reported.ts';

const QUOTE_CHARS = 120;
const CLAIMS_KEPT = 20;

/** Not said to be so, or said not to be so. */
const HEDGED =
  /\b(?:not|never|unable|cannot|should|would|could|might|may|will|please|if|unless|todo|need(?:s|ed)?|must|once|until|whether|expect(?:ed)?|before (?:the|my|this)|make sure|ensure|to verify|nobody|none|haven't|hasn't|wasn't|weren't|isn't|aren't|don't|doesn't|didn't|couldn't|can't|won't)\b|没有|未能?|不|无法|应该|请|如果|需要|可能|尚/i;
/** What something is meant for is not what came of it. */
const PURPOSE = /\bso that\b|\bin order to\b/i;
const FAILS = /\bfail\w*|\berrors?\b|\bbroken\b|\bexcept\b|失败|错误/i;
const NO_FAILURE =
  /\b(?:0|no|zero|without)(?: any)? (?:fail\w*|errors?)|(?:0|没有)个?(?:失败|错误)/gi;

const PASS =
  /\b(?:tests?|specs?|suites?|test cases)\b[^.]{0,60}?\b(?:pass(?:es|ed|ing)?|(?:is|are|all) green|succeed(?:s|ed)?|successful(?:ly)?)\b|\b(?:pass(?:es|ed|ing)?) (?:all|every|the|\d+)\b[^.]{0,20}\btests?\b|\b\d+ (?:tests? )?pass(?:ed|ing)\b|\btests?:? (?:✅|✓|all ok)|测试[^。]{0,10}(?:通过|成功)|通过了?[^。]{0,6}测试/i;
const RAN =
  /\b(?:I|we)(?:'ve| have)?(?: also| then| just| successfully)*\s+(?:re-?)?(?:ran|executed|run)\b|^(?:re-?)?(?:ran|executed)\b|\bhave been (?:run|executed)\b|(?:运行|执行|跑)(?:了|过)|已(?:经)?(?:运行|执行)/i;
const OF_TESTS = /\btests?\b|\btest suite\b|\bspecs?\b|测试/i;
const COMMAND = /`([^`\n]{2,200})`/g;
const PROGRAM =
  /^(?:[A-Z_]+=\S+ )*(?:npm|npx|pnpm|yarn|bun|deno|node|python3?|pytest|tox|uv|poetry|go|cargo|make|just|mvn|\.\/\S+|gradle|dotnet|ruby|rspec|bundle|tsc|eslint|biome|vitest|jest|mocha|bash|sh|git)\b/;

const CHANGE_WORDS =
  'updated|changed|modified|edited|fixed|implemented|added|created|wrote|refactored|rewrote|removed|deleted|renamed|corrected|replaced|extended|resolved';
const CHANGED = new RegExp(
  `\\b(?:I|we)(?:'ve| have)?(?: also| now| successfully| then)*\\s+(?:${CHANGE_WORDS})\\b|^(?:${CHANGE_WORDS})\\b|\\b(?:has|have) been (?:successfully )?(?:${CHANGE_WORDS})\\b|\\b(?:is|are) now (?:fixed|implemented|resolved)\\b|已(?:经)?(?:成功)?(?:修复|修改|更新|添加|创建|实现|删除|完成)|(?:修复|修改|更新|添加|创建|实现|删除)了`,
  'i',
);
/** The path stands right behind the word, so that nothing else can be meant. */
const PATHS: readonly [Reported['kind'], RegExp][] = [
  [
    'created',
    /\b(?:created|added|wrote)(?: an?| the)?(?: new)?(?: test)?(?: file)? `([\w@./-]+\.\w{1,8})`|(?:创建|添加|新增)了?(?:文件)?\s*`([\w@./-]+\.\w{1,8})`/gi,
  ],
  [
    'deleted',
    /\b(?:deleted|removed)(?: the)?(?: file)? `([\w@./-]+\/[\w@.-]+\.\w{1,8})`|删除了?(?:文件)?\s*`([\w@./-]+\.\w{1,8})`/gi,
  ],
  [
    'changed',
    /\b(?:updated|changed|modified|edited|fixed|rewrote|refactored)(?: the)?(?: file)? `([\w@./-]+\.\w{1,8})`|(?:修改|更新|修复)了?(?:文件)?\s*`([\w@./-]+\.\w{1,8})`/gi,
  ],
];
/** `created` without a path is about tests. */
const ADDED_TESTS =
  /\b(?:added|wrote|created|extended)(?: \w+){0,4} (?:tests?|test cases?|specs?)\b|(?:添加|新增|编写)了?[^。]{0,8}测试/i;
const NO_CHANGE =
  /\b(?:no files? (?:were|was|have been) (?:changed|modified|touched)|made no changes|(?:did not|didn't) (?:change|modify|touch) any(?:thing| files?))\b|没有(?:修改|更改|改动)任何/i;

/**
 * Plain claims read out of the words of an answer, English and Chinese. Whatever is hedged, denied or
 * mentions a failure is left alone: a claim that is missed costs nothing, one that was not made does.
 */
export function proseClaims(text: string): Reported[] {
  const found: Reported[] = [];
  for (const sentence of sentencesOf(text)) {
    const quote = truncate(sentence, QUOTE_CHARS);
    const tell = (claim: Omit<Reported, 'from' | 'quote'>) =>
      found.push({ ...claim, from: 'prose', quote });
    if (NO_CHANGE.test(sentence)) {
      tell({ kind: 'no_change' });
      continue;
    }
    const plain = sentence.replace(NO_FAILURE, '');
    if (HEDGED.test(plain) || FAILS.test(withoutCode(plain))) continue;
    if (PASS.test(sentence) && !PURPOSE.test(sentence)) tell({ kind: 'tests_pass' });
    if (RAN.test(sentence)) {
      const commands = [...sentence.matchAll(COMMAND)]
        .map((match) => match[1] ?? '')
        .filter((command) => PROGRAM.test(command));
      for (const command of commands) tell({ kind: 'ran', command });
      if (commands.length === 0 && OF_TESTS.test(sentence)) tell({ kind: 'ran' });
    }
    const paths = PATHS.flatMap(([kind, pattern]) =>
      [...sentence.matchAll(pattern)].map((match) => ({ kind, path: match[1] ?? match[2] ?? '' })),
    );
    for (const { kind, path } of paths) tell({ kind, paths: [path] });
    if (ADDED_TESTS.test(sentence)) tell({ kind: 'created' });
    else if (paths.length === 0 && CHANGED.test(sentence)) tell({ kind: 'changed' });
  }
  return found.slice(0, CLAIMS_KEPT);
}

/** A sentence, a line or a point of a list. A dot inside of a name or number ends none. */
function sentencesOf(text: string): string[] {
  return text
    .split(/\n+|(?<=[.!?])\s+|[。！？；]/)
    .map((part) => part.replace(/^(?:[\s>*#✅✓-]+|\d+[.)]\s)+|\*\*/gu, '').trim())
    .filter((part) => part !== '');
}

function withoutCode(text: string): string {
  return text.replace(/`[^`]*`/g, '');
}
