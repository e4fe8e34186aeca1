import { layers, type SandboxView, type ViewEntry } from './sandbox-view.ts';

/**
 * The profile for macOS' `sandbox-exec` that allows everything but writing, and writing where the view
 * says so. The last rule that fits counts, so rules stand in the order of the layers. Untested: it was
 * written from the documentation of the profile language and never run.
 */
export function seatbeltProfile(view: SandboxView): string {
  const rules = layers(view).flatMap(rulesOf);
  return [
    '(version 1)',
    '(allow default)',
    '(deny file-write*)',
    '(allow file-write* (subpath "/dev"))',
    ...rules,
  ].join('\n');
}

function rulesOf({ path, as, from }: ViewEntry): string[] {
  if (as === 'writable') return [rule('allow', 'file-write*', path)];
  // Nothing can be shown in the place of something else here; the real one stays read-only.
  if (as === 'instead') {
    return [rule('deny', 'file-write*', path), rule('allow', 'file-write*', from)];
  }
  if (as === 'read_only') {
    return [rule('deny', 'file-write*', path), rule('allow', 'file-read*', path)];
  }
  return [rule('deny', 'file-read* file-write*', path)];
}

function rule(verdict: 'allow' | 'deny', what: string, path: string): string {
  return `(${verdict} ${what} (subpath ${JSON.stringify(path)}))`;
}
