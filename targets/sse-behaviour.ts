/** What an SSE server may do well or badly, one word each. A flawed server is the resilient one with one of them changed. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { isForeign, isMember } from './admission';
import { type FeedMessage, pressing } from './feed';
import { MIB } from './limits';
import { counts, metricsText } from './metrics';
import { scaledMs } from './program';

/** One client's open stream. Those of HTTP/2 have the same methods. */
export interface Stream {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What its events are written to. */
  readonly body: Writable;
}

export type Deliver = (text: string, to: Iterable<Stream>) => void;
/** Why a stream is ended by its server. */
export type Reason = 'shutdown' | 'lifetime' | 'token expired';

export interface Behaviour {
  /** What an answer that is a stream says of itself. */
  readonly headers: OutgoingHttpHeaders;
  /** What it says to a page of this or another host. */
  readonly cors: (request: IncomingMessage) => OutgoingHttpHeaders;
  /** What the events are written to, before the head is sent: an encoding on the way, or the response itself. */
  readonly body: (request: IncomingMessage, response: ServerResponse) => Writable;
  /** Sends the head at once, and not with the first event. */
  readonly flushes: boolean;
  /** Its body has an end of its own; else it lasts until the connection ends. */
  readonly chunked: boolean;
  /** What native clients wait before they come back, drawn for each; null says nothing of it. */
  readonly retryMs: () => number | null;
  /** Runs every `beatMs` for each stream. */
  readonly beat: (stream: Stream, feeding: boolean) => void;
  readonly beatMs: number;
  /** The bytes of an event. */
  readonly form: (message: FeedMessage) => string;
  /** Number of the first message; undefined draws it at random. */
  readonly first: number | undefined;
  /** The id that who comes back has seen last; undefined where it says none. */
  readonly cursorOf: (request: IncomingMessage) => string | undefined;
  readonly replays: boolean;
  /** Said where that id is unknown or too old; empty says nothing. */
  readonly reset: string;
  readonly deliver: Deliver;
  readonly admits: (request: IncomingMessage) => boolean;
  readonly refusal: (request: IncomingMessage) => readonly [status: number, headers: OutgoingHttpHeaders];
  /** When a request for a stream is answered: `next` does it, `refuse` says 503. */
  readonly queues: (request: IncomingMessage, next: () => void, refuse: () => void) => void;
  /** How long the head of a request may take; 0 is for ever. */
  readonly handshakeMs: number;
  readonly endsWithToken: boolean;
  /** How many streams one address may have open. */
  readonly sessionLimit: number;
  /** How long a stream lives; null is for ever. A client that cannot be seen to be dead is let go by it. */
  readonly lifetimeMs: () => number | null;
  /** Its client has left, or it has ended: `forget` stops writing to it. */
  readonly left: (stream: Stream, forget: () => void) => void;
  /** A client that has ended its sending side has left. */
  readonly endsHalfOpen: boolean;
  /** What GET /metrics answers. */
  readonly metrics: () => string;
  /** Whether a stream that ended is no longer counted; `finished` where the server had ended it. */
  readonly uncounts: (finished: boolean) => boolean;
  /** A stream has been opened, and nothing written to it; it may be ended here. */
  readonly welcome: (stream: Stream) => void;
  readonly goodbye: (stream: Stream, why: Reason) => void;
  /** Over how long the goodbyes are spread. */
  readonly drainMs: number;
  /** How long it goes on taking new streams after the stop signal. */
  readonly admitsMs: number;
  /** Its health check says at once that it is leaving, also while it takes new streams. */
  readonly failsHealthFirst: boolean;
  readonly exits: boolean;
  /** Over TLS, offers HTTP/2, where six streams to a host are not the most a browser opens. */
  readonly http2: boolean;
}

export function send({ body }: Stream, text: string): void {
  if (body.writableEnded) return;
  counts.sent += 1;
  // Bytes of its own for each stream: what a slow one holds can then be measured.
  body.write(Buffer.from(text));
}

/** Sends to each without waiting for any; who is further behind than `backlogBytes` is cut, and may come back for the rest. */
export function deliverWithin(backlogBytes: number): Deliver {
  return (text, to) => {
    for (const stream of to) {
      if (stream.response.writableLength > backlogBytes) stream.response.destroy();
      else send(stream, text);
    }
  };
}

export function between(leastMs: number, mostMs: number): number {
  return Math.round(scaledMs(leastMs + (mostMs - leastMs) * Math.random()));
}

export const resilient: Behaviour = {
  headers: {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  },
  cors: (request) => ({
    vary: 'Origin',
    ...(request.headers.origin !== undefined && !isForeign(request)
      ? { 'access-control-allow-origin': request.headers.origin, 'access-control-allow-credentials': 'true' }
      : {}),
  }),
  body: (_, response) => response,
  flushes: true,
  chunked: true,
  retryMs: () => between(2_000, 4_000),
  beat: ({ body }) => void (body.writableEnded || body.write(': beat\n\n')),
  beatMs: 15_000,
  form: (message) => `id: ${message.seq}\ndata: ${JSON.stringify(message)}\n\n`,
  first: undefined,
  cursorOf: ({ headers }) => headers['last-event-id']?.toString(),
  replays: true,
  reset: 'event: reset\ndata: {"event":"reset","reason":"cursor unknown or too old"}\n\n',
  deliver: deliverWithin(MIB),
  admits: isMember,
  refusal: () => [401, { 'www-authenticate': 'Bearer' }],
  queues: (_, next) => next(),
  handshakeMs: 10_000,
  endsWithToken: true,
  sessionLimit: Number(process.env.SESSION_LIMIT ?? 500),
  // Under pressure a client is cut for what it leaves unread, and for nothing else.
  lifetimeMs: () => (pressing ? null : 77_000 + 6_000 * Math.random()),
  left: (_, forget) => forget(),
  endsHalfOpen: true,
  metrics: metricsText,
  uncounts: () => true,
  welcome: () => {},
  goodbye: ({ body }, why) => {
    // All leave at about one time: they shall not all come back at one.
    const retry = why === 'shutdown' ? `retry: ${between(1_000, 8_000)}\n` : '';
    body.end(`event: goodbye\n${retry}data: {"goodbye":"${why}"}\n\n`);
  },
  drainMs: 2_000,
  admitsMs: 0,
  failsHealthFirst: true,
  exits: true,
  http2: true,
};

export const pushMs = pressing ? 16 : Number(process.env.PUSH_MS ?? 200);
