/** What a gRPC server may do well or badly, one word each. A flawed server is the resilient one with one of them changed. */
import { Metadata, type ServerOptions, type ServerWritableStream, type StatusObject, status } from '@grpc/grpc-js';
import type { HealthImplementation } from 'grpc-health-check';
import { tokenOf } from './admission';
import { type FeedMessage, pressing } from './feed';
import { MEMBERS, type Message, type Ordered } from './feed-service';
import { MIB } from './limits';
import { counts, metricsText } from './metrics';
import { scaledMs } from './program';

/** One client's open stream. */
export interface Stream {
  readonly call: Pick<
    ServerWritableStream<unknown, Message>,
    'write' | 'emit' | 'destroyed' | 'writableEnded' | 'metadata' | 'getPeer'
  >;
  /** What was written and is not sent. */
  backlogBytes: number;
}

export type Refusal = Pick<StatusObject, 'code' | 'details' | 'metadata'>;

export interface Behaviour {
  /** Limits of the library's, and its keepalive: a client that does not answer a PING is gone within 30 s. */
  readonly options: ServerOptions;
  readonly form: (message: FeedMessage) => Message;
  /** Number of the first message; undefined draws it at random. */
  readonly first: number | undefined;
  readonly replays: boolean;
  /** Ends a call whose cursor is unknown or too old. */
  readonly resets: boolean;
  readonly deliver: (message: Message, to: Iterable<Stream>) => void;
  /** Null for who is let in. */
  readonly refusal: (path: string, metadata: Metadata) => Refusal | null;
  /** When a call is taken: `next` does it, `refuse` says UNAVAILABLE. */
  readonly queues: (next: () => void, refuse: () => void) => void;
  /** Has gRPC-Web over HTTP/1.1 beside gRPC. */
  readonly speaksToBrowsers: boolean;
  /** How long a new connection may take to say which protocol it speaks; 0 is for ever. */
  readonly handshakeMs: number;
  /** How long after the end of its token a call is ended; null never ends it. */
  readonly tokenGraceMs: number | null;
  /** How long it takes to know whether a token is good. */
  readonly lookUpMs: number;
  /** An order that comes again is answered as before, and not executed. */
  readonly executesOnce: boolean;
  /** The answer to an order, before it is given. */
  readonly ordered: (answer: Ordered) => Ordered;
  /** How many streams one address may have open. */
  readonly sessionLimit: number;
  /** How many notes a call may send in a second. */
  readonly messageLimit: number;
  /** How a call that sends more is ended. */
  readonly tooMany: Pick<Refusal, 'code' | 'details'>;
  /** What GET /metrics answers. */
  readonly metrics: () => string;
  /** Takes an ended call out of the gauge of the open ones. */
  readonly uncounts: (cancelled: boolean) => boolean;
  /** Its client has cancelled, is gone, or was answered: `forget` stops writing to it. */
  readonly left: (forget: () => void) => void;
  /** How long after the stop signal it goes on as before, but for its health. */
  readonly admitsMs: number;
  /** Said every 20 s on a stream that is quiet: a PING goes no further than the next proxy. */
  readonly beat: (stream: Stream) => void;
  readonly beatMs: number;
  readonly goodbye: (stream: Stream) => void;
  /** Over how long the goodbyes are spread. */
  readonly drainMs: number;
  /** Says to who watches its health, or asks, that it is leaving. */
  readonly leaves: (health: HealthImplementation) => void;
  /** Sends GOAWAY at the stop signal, and not only when the streams are over. */
  readonly saysGoaway: boolean;
  /** How long streams in flight may take after the stop signal. */
  readonly patienceMs: number;
  readonly exits: boolean;
}

/** A status that says when to come back: what grpc-js and others heed in retry policies. */
export function later(code: status, details: string): Refusal {
  const metadata = new Metadata();
  metadata.set('grpc-retry-pushback-ms', String(Math.round(scaledMs(1_000 + 4_000 * Math.random()))));
  return { code, details, metadata };
}

export function end({ call }: Stream, refusal: Refusal): void {
  // grpc-js sends a stream's status by this event.
  if (!call.writableEnded) call.emit('error', Object.assign(new Error(refusal.details), refusal));
}

export function send(stream: Stream, message: Message): void {
  if (stream.call.writableEnded || stream.call.destroyed) return;
  counts.sent += 1;
  const bytes = message.data.length;
  stream.backlogBytes += bytes;
  stream.call.write(message, () => {
    stream.backlogBytes -= bytes;
  });
}

/** Sends to each without waiting for any; who is further behind than `backlogBytes` is ended, and may come back for the rest. */
export function deliverWithin(backlogBytes: number): Behaviour['deliver'] {
  return (message, to) => {
    for (const stream of to) {
      if (stream.backlogBytes > backlogBytes) end(stream, later(status.RESOURCE_EXHAUSTED, 'too slow'));
      else send(stream, message);
    }
  };
}

/** A PING comes behind what is under way, and under pressure that takes its time at any scale. */
function beatMs(ms: number): number {
  return pressing ? ms : scaledMs(ms);
}

export const resilient: Behaviour = {
  options: {
    'grpc.keepalive_time_ms': beatMs(20_000),
    'grpc.keepalive_timeout_ms': beatMs(10_000),
    'grpc.max_connection_idle_ms': scaledMs(300_000),
    'grpc.max_concurrent_streams': 100,
    'grpc.max_receive_message_length': MIB,
  },
  form: (message) => message,
  first: undefined,
  replays: true,
  resets: true,
  deliver: deliverWithin(MIB),
  refusal: (path, metadata) =>
    path.startsWith(MEMBERS) && !['good', 'brief'].includes(memberToken(metadata))
      ? { code: status.UNAUTHENTICATED, details: 'a Bearer token is needed', metadata: new Metadata() }
      : null,
  queues: (next) => next(),
  speaksToBrowsers: true,
  handshakeMs: 10_000,
  tokenGraceMs: 0,
  lookUpMs: 0,
  executesOnce: true,
  ordered: (answer) => answer,
  sessionLimit: Number(process.env.SESSION_LIMIT ?? 500),
  messageLimit: 500,
  tooMany: { code: status.RESOURCE_EXHAUSTED, details: 'too many notes' },
  metrics: metricsText,
  uncounts: () => true,
  left: (forget) => forget(),
  admitsMs: 0,
  beat: (stream) => send(stream, { data: '' }),
  beatMs: 20_000,
  goodbye: (stream) => end(stream, later(status.UNAVAILABLE, 'shutting down')),
  drainMs: 2_000,
  leaves: (health) => ['', 'holdfast.feed.v1.Feed'].forEach((name) => void health.setStatus(name, 'NOT_SERVING')),
  saysGoaway: true,
  patienceMs: 10_000,
  exits: true,
};

/** The token of who asks for what is for members. */
export function memberToken(metadata: Metadata): ReturnType<typeof tokenOf> {
  return tokenOf('/members', metadata.get('authorization')[0]?.toString());
}

export const pushMs = pressing ? 16 : Number(process.env.PUSH_MS ?? 200);
