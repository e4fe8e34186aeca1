/** One changed file of a unified diff, its lines without the sign before them. */
export type PatchFile = {
  path: string;
  old_path: string;
  status: 'added' | 'deleted' | 'modified';
  added: string[];
  removed: string[];
  /** As they stand, with `+`, `-` or a blank before them, and what git says the hunk belongs to. */
  hunks: { context: string; lines: string[] }[];
};

/** The files of a patch as git writes it with the prefixes a/ and b/. */
export function patchFiles(patch: string): PatchFile[] {
  const files: PatchFile[] = [];
  let file: PatchFile | undefined;
  let hunk: PatchFile['hunks'][number] | undefined;
  for (const line of patch.split('\n')) {
    if (line.startsWith('diff --git ')) {
      file = { path: '', old_path: '', status: 'modified', added: [], removed: [], hunks: [] };
      [file.old_path, file.path] = pathsIn(line);
      hunk = undefined;
      files.push(file);
    } else if (file === undefined) {
    } else if (hunk === undefined && !line.startsWith('@@ ')) {
      header(file, line);
    } else if (line.startsWith('@@ ')) {
      hunk = { context: line.replace(/^@@.*?@@ ?/, ''), lines: [] };
      file.hunks.push(hunk);
    } else if (hunk !== undefined && /^[+ -]/.test(line)) {
      hunk.lines.push(line);
      if (line.startsWith('+')) file.added.push(line.slice(1));
      else if (line.startsWith('-')) file.removed.push(line.slice(1));
    }
  }
  return files;
}

function header(file: PatchFile, line: string): void {
  if (line.startsWith('new file mode')) file.status = 'added';
  else if (line.startsWith('deleted file mode')) file.status = 'deleted';
  else if (line.startsWith('rename from ')) file.old_path = unquoted(line.slice(12));
  else if (line.startsWith('rename to ')) file.path = unquoted(line.slice(10));
  else if (line.startsWith('--- ') && line !== '--- /dev/null') {
    file.old_path = unquoted(line.slice(4).replace(/\t$/, '')).replace(/^a\//, '');
  } else if (line.startsWith('+++ ') && line !== '+++ /dev/null') {
    file.path = unquoted(line.slice(4).replace(/\t$/, '')).replace(/^b\//, '');
  }
}

/** Both paths of the first line, where they are the same; a rename says them again. */
function pathsIn(line: string): [string, string] {
  const rest = line.slice('diff --git '.length);
  const half = (rest.length - 1) / 2;
  const [old, now] = [unquoted(rest.slice(0, half)), unquoted(rest.slice(half + 1))];
  return [old.replace(/^a\//, ''), now.replace(/^b\//, '')];
}

/** Git quotes unusual names like a C string, bytes in octal. */
function unquoted(name: string): string {
  if (!name.startsWith('"') || !name.endsWith('"')) return name;
  const bytes = name
    .slice(1, -1)
    .replace(/\\([0-7]{3}|.)/g, (_, code: string) =>
      code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (ESCAPES[code] ?? code),
    );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
