const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;
/** RFC 1918, link-local and unique local addresses, and names that only a local network knows. */
const PRIVATE =
  /^(?:10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}|169\.254(?:\.\d{1,3}){2}|\[f[cde][0-9a-f]{2}:.*\]|[\w-]+|[\w.-]+\.(?:local|lan|internal))$/i;

/** An address as it may be shown: no user, password, query or fragment. Undefined if it is none. */
export function shownAddress(text: string): string | undefined {
  const url = httpUrl(text);
  if (url === undefined) return undefined;
  return `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`;
}

/** A token sent there could be read on the way. */
export function isExposed(text: string): boolean {
  const url = httpUrl(text);
  return url?.protocol === 'http:' && !LOOPBACK.test(url.hostname);
}

/** This machine or its own network, where models usually cost nothing. */
export function isOwnNetwork(text: string): boolean {
  const host = httpUrl(text)?.hostname ?? '';
  return LOOPBACK.test(host) || PRIVATE.test(host);
}

/** A password or a key stands in the address itself. */
export function holdsCredentials(text: string): boolean {
  const url = httpUrl(text);
  return url !== undefined && (url.username !== '' || url.password !== '' || url.search !== '');
}

/** True when the address is this machine at this port. */
export function isLocalPort(text: string, port: number): boolean {
  const url = httpUrl(text);
  return url !== undefined && LOOPBACK.test(url.hostname) && url.port === String(port);
}

/** Anthropic's own service, which is what an absent address means. */
export function isAnthropicItself(text: string | undefined): boolean {
  if (text === undefined) return true;
  const host = httpUrl(text)?.hostname ?? '';
  return host === 'api.anthropic.com';
}

function httpUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'https:' || url.protocol === 'http:' ? url : undefined;
}
