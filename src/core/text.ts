/** Text that came from a worker or a user, made safe and small for people and models. */

// C0 except tab and newline, DEL, C1, the invisible bidi controls that can disguise text, and the tag
// characters (U+E0000 to U+E007F) that can hide a text inside another.
const CONTROL =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|\udb40[\udc00-\udc7f]/g;
const ANSI = /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;

/** Removes terminal sequences and control characters; keeps tab, newline and all other Unicode. */
export function neutralise(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(ANSI, '').replace(CONTROL, '');
}

/** One line, whitespace collapsed, at most `max` characters, for summaries. */
export function oneLine(text: string, max: number): string {
  return truncate(neutralise(text).replace(/\s+/g, ' ').trim(), max);
}

/** At most `max` UTF-16 units, never half a surrogate pair; ends in `…` when something was cut. */
export function truncate(text: string, max: number): string {
  if (text.length <= max) return text;
  if (max < 1) return '';
  const end = max - 1;
  const last = text.charCodeAt(end - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return `${text.slice(0, splitsPair ? end - 1 : end)}…`;
}

/** The size a text takes on the wire, in bytes. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** `1 file`, `2 files`; what does not end in an s, or has a verb, is given whole: `is left`, `are left`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
