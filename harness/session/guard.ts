import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Why a request is not answered; the same words for a wrong token and for a page that does not exist. */
export interface Refused {
  readonly status: number;
  readonly reason: string;
}

export interface Asked {
  readonly method: string;
  /** As it stands in the request line. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly remoteAddress: string | undefined;
}

const METHODS = new Set(['GET', 'POST']);

/**
 * What may be answered at all. A page of another site can send requests to loopback, and by DNS rebinding even as one of
 * "its own" name: so the Host must be a name of this machine's, the Origin ours or none, and the token known. A form cannot
 * send JSON, and a script of another site not without a preflight, which gets no answer.
 */
export function refuse(
  asked: Asked,
  { token, port }: { readonly token: string; readonly port: number },
): Refused | undefined {
  const { method, headers, remoteAddress } = asked;
  if (!isOwnMachine(remoteAddress)) return { status: 403, reason: 'only from this machine' };
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  const { host, origin } = headers;
  if (host === undefined || !hosts.includes(host.toLowerCase())) return { status: 421, reason: 'not for this host' };
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`)
    return { status: 403, reason: 'not from this origin' };
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return { status: 403, reason: 'not from another site' };
  if (!isSame(tokenOf(asked.url), token)) return { status: 404, reason: 'not found' };
  if (!METHODS.has(method)) return { status: 405, reason: 'GET or POST' };
  if (method === 'POST' && !/^application\/json\b/i.test(headers['content-type'] ?? ''))
    return { status: 415, reason: 'application/json' };
  return undefined;
}

/** What follows the token: `api/state`, and the query. */
export function placeOf(url: string): { readonly path: string; readonly query: URLSearchParams } {
  const [whole = '', query = ''] = url.split('?', 2);
  return { path: whole.split('/').slice(2).join('/'), query: new URLSearchParams(query) };
}

function tokenOf(url: string): string {
  return url.split('?', 1)[0]?.split('/')[1] ?? '';
}

/** In a time that tells nothing of how much was right. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

function isOwnMachine(address: string | undefined): boolean {
  return address !== undefined && /^(::ffff:)?127\.|^::1$/.test(address);
}

/** For every answer: nothing from elsewhere runs, is loaded, or frames this; nothing is kept, and no address is told on. */
export const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
};
