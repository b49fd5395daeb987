import { request as requestHttp1 } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import { waitFor } from '../clock.js';
import type { Target } from '../contract.js';
import { messageOf } from '../errors.js';
import { LengthPrefixedReader, lengthPrefixed } from '../path/length-prefixed.js';
import { isSecure } from '../protocol.js';
import type { Address } from '../scenario.js';
import { dial, headersOf, slotsOf, urlFor } from './request.js';

/** What programs in a browser speak, which cannot read HTTP/2 frames or trailers [PROTOCOL-WEB.md; Connect protocol reference]. */
export type BrowserForm = 'grpc-web' | 'connect';
export type HttpVersion = '1.1' | '2';

export interface BrowserAsk {
  readonly to: Address;
  readonly target: Target;
  readonly rpc: string;
  readonly form: BrowserForm;
  readonly http: HttpVersion;
  /** The answer is a stream. */
  readonly streams: boolean;
  /** The request as protobuf. */
  readonly message: Buffer;
}

export interface BrowserAnswer {
  /** The answer is of the form that was asked for, and not that there is no such method. */
  readonly reached: boolean;
  readonly status: number | null;
  readonly contentType: string | null;
  readonly messages: number;
  readonly reason: string | null;
}

interface Seen {
  status?: number;
  contentType?: string;
  grpcStatus?: string;
  readonly body: Buffer[];
  bytes: number;
  ended: boolean;
  failure?: string;
}

const ANSWER_MS = 5000;
/** Of an answer, what is looked at. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const UNIMPLEMENTED = 12;
/** Flags of a frame that is the end of an answer: of gRPC-Web its trailers, of Connect JSON. */
const LAST = { 'grpc-web': 0x80, connect: 0x02 } as const;

/** Asks as a page's script would: by fetch, with a POST. Over TLS the version is agreed upon by ALPN. */
export async function askAsBrowser(ask: BrowserAsk): Promise<BrowserAnswer> {
  const { target, form, http, streams } = ask;
  const url = urlFor(target, ask, []);
  const secure = isSecure(url.href);
  const socket = dial({ to: ask.to, alpn: [http === '2' ? 'h2' : 'http/1.1'] }, target, url, secure);
  const seen: Seen = { body: [], bytes: 0, ended: false };
  const failed = (error: unknown) => {
    seen.failure ??= messageOf(error);
  };
  socket.on('error', failed).once('close', () => {
    seen.ended = true;
  });
  const headers = {
    'content-type': contentTypeOf(form, streams),
    origin: `${secure ? 'https' : 'http'}://${url.host}`,
    'user-agent': 'holdfast',
    ...(form === 'grpc-web' ? { 'x-grpc-web': '1' } : { 'connect-protocol-version': '1' }),
    ...Object.fromEntries(
      Object.entries(headersOf(slotsOf({}, target))).map(([key, value]) => [key.toLowerCase(), value]),
    ),
  };
  const body = form === 'connect' && !streams ? ask.message : lengthPrefixed(ask.message);
  const authority = url.host;
  const close = (http === '2' ? overHttp2 : overHttp1)({
    socket,
    rpc: ask.rpc,
    authority,
    secure,
    headers,
    body,
    seen,
    failed,
  });
  const enough = () => seen.ended || seen.failure !== undefined || (streams && told(ask, seen).messages > 0);
  await waitFor(enough, ANSWER_MS);
  close();
  socket.destroy();
  return told(ask, seen);
}

interface Sending {
  readonly socket: Socket;
  readonly rpc: string;
  readonly authority: string;
  readonly secure: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly seen: Seen;
  readonly failed: (error: unknown) => void;
}

function overHttp1({ socket, rpc, authority, headers, body, seen, failed }: Sending): () => void {
  const sent = requestHttp1({
    createConnection: () => socket,
    method: 'POST',
    path: rpc,
    headers: { host: authority, ...headers, 'content-length': body.length },
  });
  sent.on('error', failed).on('response', (answer) => {
    take(seen, { ...answer.headers, ':status': answer.statusCode });
    answer.on('error', failed);
    answer
      .on('data', (piece: Buffer) => gather(seen, piece))
      .on('end', () => {
        seen.ended = true;
      });
  });
  sent.end(body);
  return () => void sent.destroy();
}

function overHttp2({ socket, rpc, authority, secure, headers, body, seen, failed }: Sending): () => void {
  const session = connectHttp2(`${secure ? 'https' : 'http'}://${authority}`, { createConnection: () => socket });
  session.on('error', failed);
  const stream = session.request({ ':method': 'POST', ':path': rpc, ':authority': authority, ...headers });
  stream.on('error', failed).on('response', (answer) => take(seen, answer));
  stream
    .on('data', (piece: Buffer) => gather(seen, piece))
    .on('end', () => {
      seen.ended = true;
    });
  stream.end(body);
  return () => void session.destroy();
}

function gather(seen: Seen, piece: Buffer): void {
  seen.bytes += piece.length;
  if (seen.bytes <= MAX_ANSWER_BYTES) seen.body.push(piece);
}

function take(seen: Seen, headers: Readonly<Record<string, unknown>>): void {
  seen.status = Number(headers[':status']);
  seen.contentType = String(headers['content-type'] ?? '');
  if (headers['grpc-status'] !== undefined) seen.grpcStatus = String(headers['grpc-status']);
}

function told({ form, streams }: BrowserAsk, seen: Seen): BrowserAnswer {
  const { status = null, contentType = null } = seen;
  const body = Buffer.concat(seen.body);
  const type = contentType ?? '';
  let messages = 0;
  let ending = '';
  const enveloped =
    form === 'grpc-web' ? /^application\/grpc-web(?!-text)/.test(type) : /^application\/connect\+/.test(type);
  if (enveloped)
    new LengthPrefixedReader(({ flags, bytes }) => {
      if (flags & LAST[form]) ending = bytes.toString('latin1');
      else messages += 1;
    }).push(body);
  else if (form === 'connect' && /^application\/proto\b/.test(type)) messages = 1;
  else if (form === 'connect' && /^application\/json\b/.test(type)) ending = body.toString('latin1');
  const spoken = enveloped || (form === 'connect' && !streams && (messages > 0 || /"code"\s*:/.test(ending)));
  const missing =
    Number(seen.grpcStatus) === UNIMPLEMENTED || /grpc-status: ?12\b|"code"\s*:\s*"unimplemented"/i.test(ending);
  const reached = spoken && !missing;
  const failure = /Parse Error/.test(seen.failure ?? '') ? 'an answer that is none of HTTP/1.1' : seen.failure;
  const answered = status === null ? (failure ?? 'no answer') : `HTTP ${status}${type ? ` with ${type}` : ''}`;
  return { reached, status, contentType, messages, reason: reached ? null : missing ? 'UNIMPLEMENTED' : answered };
}

function contentTypeOf(form: BrowserForm, streams: boolean): string {
  if (form === 'grpc-web') return 'application/grpc-web+proto';
  return streams ? 'application/connect+proto' : 'application/proto';
}
