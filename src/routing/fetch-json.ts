import { CcError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';

const TIMEOUT_MS = 20_000;
const MAX_BYTES = 20 << 20;

/** The JSON at an address. The only place that asks the network for anything; nothing is sent along. */
export async function fetchJson(
  address: string,
  limits: { timeoutMs?: number; maxBytes?: number; signal?: AbortSignal } = {},
): Promise<unknown> {
  const { timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES, signal } = limits;
  const giveUp = new AbortController();
  const abort = () => giveUp.abort();
  const timer = setTimeout(abort, timeoutMs);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const response = await fetch(address, {
      headers: { accept: 'application/json' },
      signal: giveUp.signal,
    });
    if (!response.ok) throw unreachable(`it answered HTTP ${response.status}`);
    const value = parseJson(await limitedText(response, maxBytes));
    if (value === undefined) throw unreachable('its answer is not JSON');
    return value;
  } catch (error) {
    if (error instanceof CcError) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const seconds = timeoutMs / 1000;
    throw unreachable(giveUp.signal.aborted ? `no answer within ${seconds} s` : String(cause));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    // Whatever has not been read is not wanted.
    giveUp.abort();
  }
}

async function limitedText(response: Response, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    const data = part as Uint8Array;
    bytes += data.byteLength;
    if (bytes > maxBytes) throw unreachable(`its answer is larger than ${maxBytes} bytes`);
    parts.push(data);
  }
  return Buffer.concat(parts).toString('utf8');
}

function unreachable(what: string): CcError {
  return new CcError('COMMAND_FAILED', `The catalogue could not be fetched: ${what}.`, {
    hint: 'Check routing.catalog.source in policy.yaml; what was fetched before stays in use.',
    retryable: true,
  });
}
