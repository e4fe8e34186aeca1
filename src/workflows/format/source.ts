import type { LineCounter } from 'yaml';
import { byteLength, oneLine } from '../../core/text.ts';
import { LIMITS } from '../limits.ts';
import { type Path, PROBLEM_FIXES, type Problem, type ProblemCode, pathText } from './problems.ts';
import { loadYaml, type Tell, type Yaml, YamlTree } from './tree.ts';

/** Flow collections in each other that are certainly no workflow; the parser recurses into them. */
const MAX_BRACKETS = 100;

type Options = { fix?: string; level?: Problem['level']; at?: 'key'; offset?: number };

/**
 * A workflow file as it was read: its value as plain data, and where everything in it stands. What is
 * wrong with it is collected in `problems`, so that all of it is told at once.
 */
export class Source {
  readonly file: string;
  readonly problems: Problem[] = [];
  /** Undefined when the text could not be read at all. */
  value: unknown;
  readonly #lines: LineCounter;
  #tree: YamlTree | undefined;

  private constructor(file: string, lines: LineCounter) {
    this.file = file;
    this.#lines = lines;
  }

  static async read(file: string, text: string): Promise<Source> {
    const yaml = await loadYaml();
    const source = new Source(file, new yaml.LineCounter());
    source.#read(text, yaml);
    return source;
  }

  /** Tells a problem at a path; `at: 'key'` points at its name, `offset` counts characters from there. */
  add(code: ProblemCode, path: Path, message: string, options: Options = {}): void {
    const start = this.#tree?.offsetOf(path, options.at === 'key') ?? 0;
    this.#tell(code, path, message, start + (options.offset ?? 0), options);
  }

  /** Where the text of a scalar begins when it stands on one line; else undefined. */
  textStart(path: Path): number | undefined {
    return this.#tree?.textStart(path);
  }

  #tell(code: ProblemCode, path: Path, message: string, offset: number, options: Options = {}) {
    if (this.problems.length >= LIMITS.problems) return;
    const { line, col } = this.#lines.linePos(offset);
    this.problems.push({
      level: options.level ?? 'error',
      code,
      file: this.file,
      line: Math.max(1, line),
      column: Math.max(1, col),
      path: pathText(path),
      message,
      fix: options.fix ?? PROBLEM_FIXES[code],
    });
  }

  #read(text: string, yaml: Yaml): void {
    const excess = excessOf(text);
    if (excess !== undefined) {
      this.#tell('too_large', [], excess, 0);
      return;
    }
    const tell: Tell = (...told) => this.#tell(...told);
    try {
      const document = yaml.parseDocument(text, {
        lineCounter: this.#lines,
        prettyErrors: false,
        // Found by the tree, in linear time.
        uniqueKeys: false,
        logLevel: 'silent',
      });
      for (const { message, pos } of [...document.errors, ...document.warnings]) {
        this.#tell('syntax', [], oneLine(message, 200).replace(/\.$/, ''), pos[0]);
      }
      if (document.errors.length > 0) return;
      this.#tree = new YamlTree(yaml, document);
      this.value = this.#tree.plain(tell);
    } catch (error) {
      const reason = error instanceof RangeError ? 'it is nested too deep' : String(error);
      this.#tell('syntax', [], oneLine(reason, 200), 0);
    }
  }
}

function excessOf(text: string): string | undefined {
  const bytes = byteLength(text);
  if (bytes > LIMITS.fileBytes) {
    return `it has ${bytes} bytes, at most ${LIMITS.fileBytes} are read`;
  }
  return bracketDepth(text) > MAX_BRACKETS
    ? `brackets are nested deeper than ${MAX_BRACKETS}`
    : undefined;
}

function bracketDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth = bracket === '[' || bracket === '{' ? depth + 1 : Math.max(0, depth - 1);
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}
