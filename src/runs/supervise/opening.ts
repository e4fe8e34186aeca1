import { readFileSync } from 'node:fs';
import { parseJson, stringAt } from '../../core/json.ts';
import { continuation, handoverFromFacts } from '../../prompts/closing.ts';
import { foldCalls } from '../call-text.ts';
import type { Progress } from '../progress.ts';
import type { MessageStore } from './message-store.ts';

/**
 * What a session is told first: the task word for word; for a later session of the run also what the
 * controller has said since, and the handover of the session before.
 */
export function openingTexts(
  task: readonly string[],
  progress: Progress,
  texts: MessageStore,
): string[] {
  if (progress.rotations === 0) return [...task];
  const waiting = new Set(progress.outbox.map(({ message }) => message));
  const told = progress.instructions
    .filter((message) => !waiting.has(message))
    .flatMap((message) => texts.get(message) ?? [])
    .map((text) => `The controller said meanwhile:\n\n${text}`);
  const handover = texts.get(handoverName(progress.rotations)) ?? '';
  return [...task, ...told, continuation(handover)];
}

export function handoverName(rotation: number): string {
  return `handover-${rotation}`;
}

/** What the session that was asked for it wrote; else what the record shows. */
export function handoverText(progress: Progress, stdoutPath: string): string {
  const { closing, turn_end } = progress;
  const written =
    closing?.done === true && turn_end?.is_error === false
      ? answerAt(stdoutPath, turn_end.raw)
      : '';
  if (written !== '') return written;
  return handoverFromFacts({
    actions: foldCalls(progress.timeline).map(({ text }) => text),
    lastMessage: progress.last_message ?? '',
  });
}

function answerAt(path: string, range: readonly [number, number] | undefined): string {
  if (range === undefined) return '';
  try {
    const raw = readFileSync(path).subarray(range[0], range[1]);
    return stringAt(parseJson(raw.toString('utf8')), 'result')?.trim() ?? '';
  } catch {
    return '';
  }
}
