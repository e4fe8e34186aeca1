import { readFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';

const ROOT = resolve('uploads');

export async function download(request) {
  return readFile(join(ROOT, request.query.name));
}

export async function preview(request) {
  const path = resolve(ROOT, request.query.name);
  if (!path.startsWith(ROOT + sep)) throw new Error('outside');
  return readFile(path);
}
