/** They end well whatever they read; awk, sed and sort do not where they are told so. */
const FILTERS = 'tee tail head cat less more tr uniq cut wc ts column fold nl tac'.split(' ');
const ALWAYS_WELL = /^(?:true|:|echo|printf|exit\s+0)(?:\s|$)/;

type Part = {
  /** What stands before it; empty for the first. */
  operator: string;
  text: string;
};

/**
 * The command whose exit code a shell line ends with in place of that of the command that does the work:
 * `tail -20` of `npm test | tail -20`, `true` of `npm test || true`. Undefined where nothing of the kind
 * is seen: only what always ends well is, so that `echo y | npm test` and `x | grep -q ok` are not.
 */
export function exitCodeHiddenBy(line: string): string | undefined {
  if (/\bpipefail\b/.test(line)) return undefined;
  // What follows a failed command is not run then, as after &&.
  const chains = /(?:^|[\n;&(]\s*)set\s+-[a-z]*e/.test(line) ? ['&&', ';', '\n'] : ['&&'];
  const parts = partsOf(line);
  if (parts.at(-1)?.text === '') {
    const { operator } = parts.pop() ?? { operator: '' };
    if (operator === '&') return '&';
  }
  for (;;) {
    const last = parts.pop();
    if (last === undefined || last.operator === '') return undefined;
    const { operator, text } = last;
    const [program = ''] = text.split(/\s/);
    const hides = operator === '|' ? FILTERS.includes(program) : ALWAYS_WELL.test(text);
    if (!chains.includes(operator)) return hides ? text : undefined;
    if (!hides) return undefined;
  }
}

/**
 * The simple commands of a line; what is quoted or substituted is no operator, and neither is the & of a
 * redirection.
 */
function partsOf(line: string): Part[] {
  const parts: Part[] = [{ operator: '', text: '' }];
  const tokens = line.matchAll(
    /\\[\s\S]|'[^']*'|`[^`]*`|[$<>]\((?:[^()]|\([^()]*\))*\)|"(?:\\[\s\S]|[^"\\])*"|\d*[<>]+&?[\d-]*|&>>?|\|\||&&|\|&|[|;&\n(){}]|[\s\S]/g,
  );
  for (const [token] of tokens) {
    const last = parts.at(-1);
    if (last === undefined) continue;
    if ('(){}'.includes(token)) last.text += ' ';
    else if (/^(?:\|\||&&|\|&?|[;&\n])$/.test(token)) {
      parts.push({ operator: token === '|&' ? '|' : token, text: '' });
    } else last.text += token;
  }
  return parts.map(({ operator, text }) => ({ operator, text: text.trim() }));
}
