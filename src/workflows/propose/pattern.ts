/** Shapes of work a workflow is proposed for. */
export const PATTERNS = [
  'feature',
  'bug_fix',
  'refactor',
  'upgrade',
  'audit',
  'review',
  'docs',
] as const;
export type Pattern = (typeof PATTERNS)[number];

/** Words that speak for a pattern. Each counts once, however often it is said. */
const WORDS: Readonly<Record<Pattern, RegExp>> = {
  feature:
    /\b(?:add|implement|support|feature|introduce|create|build|extend|new)\b|添加|新增|实现|功能/gi,
  bug_fix:
    /\b(?:bugs?|fix(?:es|ed)?|crash\w*|regression|broken|fails?|failing|wrong|error|exception|stack ?trace|reproduce|repro)\b|修复|错误|崩溃|故障/gi,
  refactor:
    /\b(?:refactor\w*|restructur\w*|clean ?up|rename|extract|simplif\w+|dedup\w*|untangle|split up|technical debt)\b|重构|简化|整理/gi,
  upgrade:
    /\b(?:upgrad\w+|bump|dependenc(?:y|ies)|outdated|migrat\w+|latest version|lock ?file)\b|升级|依赖|迁移/gi,
  audit:
    /\b(?:audit|survey|inventory|assess\w*|security|vulnerabilit\w+|threat|find all|whole (?:repository|code ?base|project))\b|审计|漏洞|安全|盘点/gi,
  review: /\b(?:review|pull request|merge request|pr|diff|branch|commits?)\b|审查|评审|代码检查/gi,
  docs: /\b(?:docs?|document(?:s|ation|ed)?|readme|changelog|tutorial|guide|manual|typos?)\b|文档|说明书|教程/gi,
};

/** More of a task is not looked at; what stands further back is material. */
const LOOKED_AT = 20_000;

/**
 * The pattern a task most probably has, by its words alone: the same text always gives the same answer.
 * Of those with as many words the one that is named first; without any it is a feature.
 */
export function patternOf(task: string): { pattern: Pattern; why: string } {
  const text = task.slice(0, LOOKED_AT);
  const found = PATTERNS.map((pattern) => {
    const matches = [...text.matchAll(WORDS[pattern])];
    const words = [...new Set(matches.map(([word]) => word.toLowerCase()))];
    return { pattern, words, first: matches[0]?.index ?? Number.POSITIVE_INFINITY };
  });
  const [best] = found.sort((a, b) => b.words.length - a.words.length || a.first - b.first);
  if (best === undefined || best.words.length === 0) {
    return { pattern: 'feature', why: 'no word of the task speaks for another pattern' };
  }
  return { pattern: best.pattern, why: `the task says ${best.words.slice(0, 4).join(', ')}` };
}
