/** Whom a server lets in, and on what page's behalf. */
import type { IncomingHttpHeaders } from 'node:http';

/** A request, of HTTP/1.1 or HTTP/2. */
interface Asked {
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

export const BRIEF_MS = 6_000;

/** /members is for who has a token, every other path for all: in the query, or as a Bearer. `brief` is good for 6 s from the login. */
export function tokenOf(url: string, authorization?: string): 'good' | 'brief' | 'none' | 'wrong' {
  // Not `new URL`, which throws at what some send in its place.
  const [pathname, query] = url.split('?');
  if (pathname !== '/members') return 'good';
  const token = /^Bearer (.*)$/i.exec(authorization ?? '')?.[1] ?? new URLSearchParams(query).get('token');
  return token === null ? 'none' : token === 'open-sesame' ? 'good' : token === 'brief-sesame' ? 'brief' : 'wrong';
}

export const isMember = ({ url = '', headers }: Asked) =>
  ['good', 'brief'].includes(tokenOf(url, headers.authorization));

/** A page of another host; programs send no Origin. */
export function isForeign({ headers }: Asked): boolean {
  const host = headers.host ?? headers[':authority'];
  return headers.origin !== undefined && headers.origin.split(':')[1] !== `//${String(host).split(':')[0]}`;
}
