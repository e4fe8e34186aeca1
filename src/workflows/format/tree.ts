import type { Document, Node, Pair } from 'yaml';
import { lazy } from '../../core/lazy.ts';
import { LIMITS } from '../limits.ts';
import type { Path, ProblemCode } from './problems.ts';

export const loadYaml = /* @__PURE__ */ lazy(() => import('../../workspace/yaml.ts'));
export type Yaml = Awaited<ReturnType<typeof loadYaml>>;

/** Told with the offset in the file. */
export type Tell = (code: ProblemCode, path: Path, message: string, offset: number) => void;

type Entry = Pair<Node, Node | null>;

/** A parsed YAML document: its value as plain data, and where each part of it stands. */
export class YamlTree {
  readonly #yaml: Yaml;
  readonly #document: Document.Parsed;
  #values = 0;
  #aliases = 0;
  #isTooMuch = false;

  constructor(yaml: Yaml, document: Document.Parsed) {
    this.#yaml = yaml;
    this.#document = document;
  }

  /** Plain data. Keys that are there twice and whatever grows without bound are told and left out. */
  plain(tell: Tell): unknown {
    return this.#plain(this.#document.contents, [], tell);
  }

  /** Offset of the node at a path, or of the nearest one above it that exists. */
  offsetOf(path: Path, atKey: boolean): number {
    return this.#nodeAt(path, atKey)?.range?.[0] ?? 0;
  }

  /** Where the text of a scalar begins when it stands on one line; else undefined. */
  textStart(path: Path): number | undefined {
    const node = this.#nodeAt(path, false);
    if (!this.#yaml.isScalar(node) || node.range == null) return undefined;
    if (node.type === 'PLAIN') return 0;
    return node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE' ? 1 : undefined;
  }

  /** `path` is one array for the whole walk; who keeps it copies it. */
  #plain(node: unknown, path: (string | number)[], tell: Tell): unknown {
    this.#values += 1;
    const { isAlias, isMap, isScalar, isSeq } = this.#yaml;
    if (isAlias(node)) this.#aliases += 1;
    const excess = this.#excess(path.length);
    if (excess !== undefined) {
      if (!this.#isTooMuch) tell('too_large', path.slice(0, 1), excess, 0);
      this.#isTooMuch = true;
      return undefined;
    }
    if (isScalar(node)) return node.value;
    const below = (key: string | number, inside: unknown) => {
      path.push(key);
      const value = this.#plain(inside, path, tell);
      path.pop();
      return value;
    };
    if (isAlias(node)) return below('*', node.resolve(this.#document));
    if (isSeq(node)) return node.items.map((item, index) => below(index, item));
    if (!isMap(node)) return null;
    const entries = new Map<string, unknown>();
    for (const { key, value } of node.items as Entry[]) {
      const start = key.range?.[0] ?? 0;
      if (!isScalar(key)) {
        tell('wrong_type', [...path], 'a key must be a plain name', start);
        continue;
      }
      const name = String(key.value);
      if (entries.has(name)) {
        tell('duplicate_key', [...path, name], `${name} is there already`, start);
      } else entries.set(name, below(name, value));
    }
    return Object.fromEntries(entries);
  }

  #excess(depth: number): string | undefined {
    if (depth > LIMITS.depth) return `it is nested deeper than ${LIMITS.depth}`;
    if (this.#values > LIMITS.values) return `it has more than ${LIMITS.values} values`;
    if (this.#aliases > LIMITS.aliases) return `it has more than ${LIMITS.aliases} aliases`;
    return undefined;
  }

  #nodeAt(path: Path, atKey: boolean): Node | null | undefined {
    const { isAlias, isMap, isScalar, isSeq } = this.#yaml;
    let at: Node | null | undefined = this.#document.contents;
    let found = at;
    for (const [index, part] of path.entries()) {
      if (isAlias(at)) at = at.resolve(this.#document);
      if (isMap(at)) {
        const pair: Entry | undefined = (at.items as Entry[]).find(
          ({ key }) => isScalar(key) && String(key.value) === String(part),
        );
        if (pair === undefined) break;
        const isKey = atKey && index === path.length - 1;
        at = pair.value;
        found = isKey || at?.range == null ? pair.key : at;
      } else if (isSeq(at)) {
        at = at.items[Number(part)] as Node | undefined;
        if (at === undefined) break;
        found = at;
      } else break;
    }
    return found;
  }
}
