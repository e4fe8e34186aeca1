import { basename } from 'node:path';

/** One simple command of a shell line: its words, unquoted, where it writes to, and its here-document. */
export type SimpleCommand = { words: string[]; writesTo: string[]; input: string };

/** Lines are looked at up to here; what follows is data more often than commands. */
const LOOK_AT_CHARS = 20_000;
const MAX_DEPTH = 4;

const TOKEN =
  /(?<blank>[ \t\r]+|\\\n)|(?<comment>#[^\n]*)|(?<end>[;&|()\n])|(?<single>'[^']*'?)|(?<double>"(?:\\[\s\S]|[^"\\])*"?)|(?<nested>\$\(|`)|(?<heredoc><<-?[ \t]*(?:'[^'\n]*'|"[^"\n]*"|\\?[\w.-]+))|(?<redirect>\d*[<>][<>&|]*)|(?<escaped>\\[\s\S]?)|(?<plain>[^\s;&|()'"$`<>\\#]+|[\s\S])/y;

/**
 * The simple commands of a shell line, as far as they can be told without running it: split at `;`,
 * `&&`, `|` and newlines, command substitutions included, quoted text and comments left alone. So
 * `echo "rm -rf /"` is one command called echo. Variables and aliases stay as they are written.
 */
export function simpleCommands(line: string, depth = 0): SimpleCommand[] {
  if (depth > MAX_DEPTH) return [];
  const text = line.slice(0, LOOK_AT_CHARS);
  const commands: SimpleCommand[] = [];
  let current: SimpleCommand = { words: [], writesTo: [], input: '' };
  let word: string | undefined;
  let isTarget = false;
  let awaited: { delimiter: string; from: number }[] = [];

  const endWord = () => {
    if (word !== undefined) (isTarget ? current.writesTo : current.words).push(word);
    if (word !== undefined) isTarget = false;
    word = undefined;
  };
  const endCommand = () => {
    endWord();
    isTarget = false;
    if (current.words.length + current.writesTo.length > 0) commands.push(current);
    current = { words: [], writesTo: [], input: '' };
  };
  const substitute = (script: string) => commands.push(...simpleCommands(script, depth + 1));

  for (let at = 0; at < text.length; ) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text);
    if (token?.groups === undefined) break;
    const { blank, comment, end, single, double, nested, heredoc, redirect, escaped } =
      token.groups;
    at = TOKEN.lastIndex;
    if (blank !== undefined) endWord();
    else if (comment !== undefined && word === undefined) continue;
    else if (end !== undefined) {
      endCommand();
      if (end !== '\n') continue;
      for (const { delimiter, from } of awaited) {
        const body = hereDocument(text, at, delimiter);
        // `cat <<END | psql`: whoever is behind the pipe reads it, too.
        for (const one of commands.slice(from)) one.input += body.text;
        at = body.end;
      }
      awaited = [];
    } else if (single !== undefined) word = (word ?? '') + single.replace(/^'|'$/g, '');
    else if (double !== undefined) {
      for (const script of substitutionsIn(double)) substitute(script);
      word = (word ?? '') + double.replace(/^"|"$/g, '').replace(/\\([\s\S])/g, '$1');
    } else if (nested !== undefined) {
      const close = endOfSubstitution(text, at, nested);
      substitute(text.slice(at, close));
      word ??= '';
      at = close + 1;
    } else if (heredoc !== undefined) {
      endWord();
      const delimiter = heredoc.replace(/^<<-?[ \t]*|['"\\]/g, '');
      awaited.push({ delimiter, from: commands.length });
    } else if (redirect !== undefined) {
      endWord();
      isTarget = redirect.includes('>');
    } else word = (word ?? '') + (escaped?.slice(1) ?? token[0]);
  }
  endCommand();
  return commands;
}

/** The program, without its directory and `.exe`, in lower case. */
export function nameOf(words: readonly string[]): string {
  return basename(words[0] ?? '')
    .replace(/\.(?:exe|cmd|bat|sh)$/i, '')
    .toLowerCase();
}

function hereDocument(text: string, from: number, delimiter: string) {
  for (let start = from; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline + 1;
    if (text.slice(start, end).trim() === delimiter) return { text: text.slice(from, start), end };
    start = end;
  }
  return { text: text.slice(from), end: text.length };
}

function* substitutionsIn(quoted: string): Generator<string> {
  for (let at = 0; at < quoted.length; at += 1) {
    const opening = quoted.startsWith('$(', at) ? '$(' : quoted[at] === '`' ? '`' : undefined;
    if (opening === undefined) continue;
    const from = at + opening.length;
    at = endOfSubstitution(quoted, from, opening);
    yield quoted.slice(from, at);
  }
}

/** Where the substitution that began before `from` ends. Quotes inside are not looked into. */
function endOfSubstitution(text: string, from: number, opening: string): number {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    const char = text[at];
    if (opening === '`' ? char === '`' : char === ')') depth -= 1;
    else if (opening !== '`' && char === '(') depth += 1;
    if (depth === 0) return at;
  }
  return text.length;
}
