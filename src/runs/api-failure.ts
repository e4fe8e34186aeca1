import { KNOWN, type KnownFailure } from './failure-hints.ts';

/** What the stream says about a failed model call. */
export type ApiFailure = {
  /** Why the turn ended, where it did. */
  reason?: string | undefined;
  error?: string | undefined;
  status?: number | undefined;
};

/** The class of a failure of the model service, by structured fields of the stream only. */
export function apiFailureClass({ reason, error, status }: ApiFailure): KnownFailure | undefined {
  if (CONTEXT_REASONS.has(reason ?? '') || status === 413) return KNOWN.context;
  if (INVALID_REASONS.has(reason ?? '')) return KNOWN.invalid;
  if (error === 'billing_error' || error === 'account_on_hold' || status === 402) {
    return KNOWN.billing;
  }
  if (isRefusedKey({ error, status })) return KNOWN.auth;
  if (error === 'rate_limit' || status === 429) return KNOWN.rate;
  // A connection that was refused, dropped or timed out is called a server error, too.
  if (error === 'server_error' && status === undefined) return KNOWN.network;
  if (error === 'overloaded' || error === 'server_error' || (status ?? 0) >= 500) {
    return KNOWN.overload;
  }
  if (
    error === 'model_not_found' ||
    error === 'invalid_request' ||
    status === 400 ||
    status === 404
  ) {
    return KNOWN.capability;
  }
  if (reason === 'api_error' && status === undefined && error === undefined) return KNOWN.network;
  return undefined;
}

/** Trying again with the same key cannot help. */
export function isRefusedKey({ error, status }: ApiFailure): boolean {
  return AUTH_ERRORS.has(error ?? '') || status === 401 || status === 403;
}

/** The conversation no longer fits, however the CLI says it. */
const CONTEXT_REASONS = new Set(['prompt_too_long', 'blocking_limit', 'rapid_refill_breaker']);
const INVALID_REASONS = new Set([
  'structured_output_retry_exhausted',
  'malformed_tool_use_exhausted',
]);
const AUTH_ERRORS = new Set([
  'authentication_failed',
  'oauth_org_not_allowed',
  'verification_required',
  'cloud_credential_error',
]);
