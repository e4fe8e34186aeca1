import { arrayAt, isObject, type JsonObject, stringAt } from '../../core/json.ts';
import { neutralise, truncate } from '../../core/text.ts';

/** The tool by which Claude Code's model asks its user. */
export const QUESTION_TOOL = 'AskUserQuestion';

const TEXT_CHARS = 1500;
const LABEL_CHARS = 120;

/** What the worker wants to know, one line per question. */
export function questionText(input: JsonObject): string {
  const lines = questionsOf(input).map((question) => stringAt(question, 'question') ?? '');
  return truncate(neutralise(lines.join('\n')), TEXT_CHARS);
}

/** The answers it offers for each of its questions. */
export function optionsOf(input: JsonObject): string[][] {
  return questionsOf(input).map((question) =>
    arrayAt(question, 'options')
      .map((option) => stringAt(option, 'label') ?? '')
      .map((label) => truncate(neutralise(label), LABEL_CHARS)),
  );
}

function questionsOf(input: JsonObject): JsonObject[] {
  return arrayAt(input, 'questions').filter(isObject).slice(0, 8);
}
