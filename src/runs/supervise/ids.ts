import { randomUUID } from 'node:crypto';

/** Id of a control request. Its first word tells, when the answer comes, what it was about. */
export function requestId(kind: string): string {
  return `${kind}-${randomUUID()}`;
}
