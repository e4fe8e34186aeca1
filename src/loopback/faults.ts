import { type Frame, jsonReply, type Reply, sse } from './frames.ts';
import type { Api, Fault } from './script.ts';

type HttpFault = Extract<Fault, { kind: 'http' }>;
type StreamError = Extract<Fault, { kind: 'stream_error' }>;

/** The error answer of a provider, in the shape its own clients parse. */
export function errorReply(api: Api, fault: Omit<HttpFault, 'kind'>, id: string): Reply {
  const headers = { ...fault.headers, 'request-id': `req_${id}`, 'x-request-id': `req_${id}` };
  if (fault.body !== undefined) {
    return {
      contentType: fault.headers?.['content-type'] ?? 'text/html; charset=utf-8',
      headers,
      frames: [{ bytes: fault.body, delta: true }],
    };
  }
  const type = fault.type ?? TYPES[fault.status] ?? 'api_error';
  const message = fault.message ?? `Loopback answered ${fault.status}.`;
  return jsonReply(
    api === 'messages'
      ? { type: 'error', error: { type, message }, request_id: `req_${id}` }
      : { error: { type, message, code: type, param: null } },
    headers,
  );
}

/** An error told inside a running stream. */
export function errorFrame(api: Api, fault: StreamError, id: string): Frame {
  const type = fault.type ?? (api === 'messages' ? 'overloaded_error' : 'server_is_overloaded');
  const message = fault.message ?? 'Loopback stopped in the middle.';
  if (api === 'messages') return sse('error', { error: { type, message } });
  const response = {
    id: `resp_${id}`,
    object: 'response',
    status: 'failed',
    error: { code: type, message },
  };
  return sse('response.failed', { response });
}

export const MALFORMED: Frame = {
  bytes: 'event: message_start\ndata: {"type":"message_start","message":{"id":\n\n',
  delta: false,
};

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  503: 'api_error',
  529: 'overloaded_error',
};
