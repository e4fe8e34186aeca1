import { isAbsolute } from 'node:path';
import picomatch from 'picomatch';

/** A glob of a scope, taken apart. */
export type ScopeGlob = {
  /** As it was written, without the `!`. */
  glob: string;
  takesAway: boolean;
  /** The directory before the first wildcard (`''` is the worker's own), or the whole path. */
  base: string;
  /** No wildcard: it names one file or directory. */
  isPlain: boolean;
  /** It is all of `base`: `src/**`. */
  isWhole: boolean;
};

/** `!x` takes away; `!(x)` is a pattern of its own. */
export function takesAway(glob: string): boolean {
  return /^!(?!\()/.test(glob);
}

export function parseGlob(text: string): ScopeGlob {
  const isAway = takesAway(text);
  const glob = (isAway ? text.slice(1) : text).replace(/^(?:\.\/)+/, '');
  const { base, isGlob } = picomatch.scan(glob, { noext: false });
  // A brace or a character class has alternatives before the next slash, so the base ends there.
  const isPlain = !isGlob && !/[*?[\]{}]/.test(glob);
  const directory = base === '.' ? '' : base.replace(/\/+$/, '');
  const rest = directory === '' ? glob : glob.slice(directory.length + 1);
  return {
    glob,
    takesAway: isAway,
    base: isPlain ? glob.replace(/\/+$/, '') : directory,
    isPlain,
    isWhole: !isPlain && rest === '**',
  };
}

const MAX_ALTERNATIVES = 64;

/** `{src,docs}/**` as `src/**` and `docs/**`, which are held apart. Nested braces stay as they are. */
export function alternatives(text: string): string[] {
  let globs = [text];
  for (;;) {
    const next = globs.flatMap((glob) => {
      const [whole, before = '', inner = '', after = ''] = SIMPLE_BRACES.exec(glob) ?? [];
      if (whole === undefined) return [glob];
      return inner.split(',').map((one) => `${before}${one}${after}`);
    });
    if (next.length > MAX_ALTERNATIVES || next.length === globs.length) return globs;
    globs = next;
  }
}

const SIMPLE_BRACES = /^([^{}]*)\{([^{}]*,[^{}]*)\}(.*)$/s;

/** What is wrong with a glob as part of a scope; undefined where nothing is. */
export function globProblem(text: string): string | undefined {
  const { glob } = parseGlob(text);
  if (glob.trim() === '') return 'is empty';
  if (isAbsolute(glob) || /^[A-Za-z]:[\\/]/.test(glob)) {
    return 'is absolute; write it relative to the working directory';
  }
  if (/^~(?:$|\/)/.test(glob)) return 'begins with ~, which is not expanded';
  return /[\u0000-\u001f\u007f]/.test(glob) ? 'holds control characters' : undefined;
}
