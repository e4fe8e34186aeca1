import { plural } from '../core/text.ts';
import { isSameModel } from '../runs/route.ts';
import type { Conversation } from './conversation.ts';
import { type Finding, fail, notReached, pass, unknown, whyItEnded } from './finding.ts';

/** What the worker was told to talk to. */
export type Asked = {
  model: string;
  /** Without secrets; undefined is the vendor's own. */
  address: string | undefined;
};

/** Whether anybody answers there, and speaks the Messages API. */
export function judgeReachability(conversation: Conversation, asked: Asked): Finding {
  const { facts, ended, failure, seconds } = conversation;
  if (facts.first_piece_ms !== undefined) {
    return pass(`first piece of an answer after ${facts.first_piece_ms} ms`, facts.first_piece_ms);
  }
  const where = asked.address ?? "the vendor's own address";
  const status = statusOf(conversation);
  if (status !== undefined && (isApiError(conversation) || status === 401))
    return pass(`answers with HTTP ${status}`);
  if (status === 404) {
    return fail(
      `${where} answers HTTP 404 without an error of the Messages API`,
      'Correct the base URL of the profile. Claude Code appends /v1/messages; most vendors want a path like /anthropic.',
    );
  }
  if (status !== undefined && status < 500) return pass(`answers with HTTP ${status}`);
  if (status !== undefined) {
    return unknown(
      `${where} answers HTTP ${status} without an error of the Messages API`,
      'A gateway before the service fails. Test again later; if it stays, check the base URL.',
    );
  }
  if (facts.requested_at === undefined) return notReached(conversation);
  if (ended === 'time') {
    return fail(
      `${where} gave no answer within ${seconds} s`,
      'Check the base URL and your network or proxy; for a slow service, test with a larger budget.wall_seconds.',
    );
  }
  // Without a login nothing is sent at all.
  if (failure.class === 'auth_failed' || ended !== 'itself') return notReached(conversation);
  return fail(
    `no answer of the Messages API from ${where}: ${saidOf(conversation)}`,
    'Check the base URL of the profile (a web page or a proxy may answer there), and your network.',
  );
}

/** Whether the key is accepted and the account may be used. */
export function judgeAuth(conversation: Conversation): Finding {
  const { facts, failure } = conversation;
  if (facts.answers.length > 0) return pass('the model answered');
  if (facts.open.size > 0) return pass('the model began to answer');
  const { class: kind } = failure;
  if (kind === 'auth_failed' || kind === 'billing') {
    const what = kind === 'billing' ? 'the account cannot pay' : 'the key was refused';
    const fix = failure.hint ?? 'Correct the key where the profile is kept.';
    return fail(`${what}: ${saidOf(conversation)}`, fix);
  }
  return notReached(conversation);
}

/** Whether the model that answers is the one that was asked for. */
export function judgeModel(conversation: Conversation, { model }: Asked): Finding {
  const { facts, failure } = conversation;
  const begun = [...facts.open.values()].map((answer) => answer.model);
  const names = [...new Set(begun.filter((name) => name !== ''))];
  const others = names.filter((name) => !isSameModel(model, name));
  if (others.length > 0) {
    return fail(
      `asked for ${model}, answered by ${others.join(', ')}`,
      'The service puts another model in its place: price and quality are not what you chose. Pass the model it really serves, or correct the model names of the profile.',
    );
  }
  if (names.length > 0) return pass(`${names.join(', ')} answered`);
  if (failure.class !== 'provider_capability') return notReached(conversation);
  const unknownModel = statusOf(conversation) === 404;
  if (unknownModel && !isApiError(conversation)) return notReached(conversation);
  return fail(
    unknownModel
      ? `the service does not know ${model} (HTTP 404)`
      : `the service refuses what Claude Code sends: ${saidOf(conversation)}`,
    unknownModel
      ? 'Pass a model that it serves, or correct the model names of the profile.'
      : 'Its message says what it lacks. Pass another model, or use another profile.',
  );
}

/** Whether answers come in pieces. A run whose answers come whole looks frozen, and may be ended. */
export function judgeStreaming(conversation: Conversation): Finding {
  const { answers } = conversation.facts;
  if (answers.length === 0) return notReached(conversation);
  const whole = answers.filter((answer) => answer.pieces === 0).length;
  if (whole === 0) {
    const pieces = answers.reduce((sum, answer) => sum + answer.pieces, 0);
    return pass(`${plural(answers.length, 'answer')} in ${plural(pieces, 'piece')}`);
  }
  return fail(
    `${whole} of ${answers.length} answers came whole; Claude Code had to ask for them a second time`,
    'Turn streaming on at the service or gateway. Until then long answers look like a stall, and may be paid twice.',
  );
}

/** HTTP status of the last error, where there was one. */
export function statusOf({ progress }: Conversation): number | undefined {
  return progress.turn_end?.status ?? progress.api_error?.status;
}

/** Only an error in the form of the API has a type; pages of gateways and web servers have none. */
function isApiError({ progress }: Conversation): boolean {
  return (progress.turn_end?.kind ?? progress.api_error?.kind) !== undefined;
}

/** What the service or the CLI said about the failure; the caller hides secrets in it. */
export function saidOf(conversation: Conversation): string {
  const text = conversation.progress.api_error?.text;
  return text === undefined || text === '' ? whyItEnded(conversation) : text;
}
