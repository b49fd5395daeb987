/** What a WebSocket server may do well or badly, one word each. A flawed server is the resilient one with one of them changed. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { isMember } from './admission';
import { type FeedMessage, pressing } from './feed';
import { MIB } from './limits';
import { counts, metricsText } from './metrics';

export interface Session {
  readonly socket: WebSocket;
  awaitsPong: boolean;
  heardAtMs: number | null;
}

export type Deliver = (text: string, to: Iterable<WebSocket>) => void;

export interface Behaviour {
  /** Runs every 20 s for each session: the heartbeat, and the look for an answer to the last one. */
  readonly beat: (session: Session, feeding: boolean) => void;
  readonly autoPong: boolean;
  readonly maxPayload: number;
  readonly form: (message: FeedMessage) => object;
  readonly replays: boolean;
  /** A command that comes again with its id is answered again, and not executed. */
  readonly executesOnce: boolean;
  /** Number of the first message; undefined draws it at random. */
  readonly first: number | undefined;
  /** Says so where the cursor of who comes back is unknown or too old. */
  readonly resets: boolean;
  readonly deliver: Deliver;
  readonly admits: (request: IncomingMessage) => boolean;
  /** The status line for who is not admitted. */
  readonly refusal: (request: IncomingMessage) => string;
  /** When a handshake is answered: `next` does it, `refuse` says 503. */
  readonly queues: (socket: Socket, next: () => void, refuse: () => void) => void;
  /** How long the head of a request may take; 0 is for ever. */
  readonly handshakeMs: number;
  /** Lives on when it is sent what is no JSON. */
  readonly forgives: boolean;
  readonly endsWithToken: boolean;
  /** What GET /metrics answers. */
  readonly metrics: () => string;
  /** Whether a session that ended by this code is no longer counted. */
  readonly uncounts: (code: number) => boolean;
  readonly welcome: (session: Session, request: IncomingMessage) => void;
  readonly goodbye: (socket: WebSocket) => void;
  /** Over how long the goodbyes are spread. */
  readonly drainMs: number;
  /** How long it goes on taking new sessions after the stop signal. */
  readonly admitsMs: number;
  /** Its health check says at once that it is leaving, also while it takes new sessions. */
  readonly failsHealthFirst: boolean;
  readonly exits: boolean;
  readonly checksOrigin: boolean;
  /** Sends a close frame in answer to one. */
  readonly answersClose: boolean;
  /** How many sessions one address may have open. */
  readonly sessionLimit: number;
  /** How many messages a session may send in a second, and what becomes of one that sends more. */
  readonly messageLimit: number;
  readonly overLimit: (socket: WebSocket) => void;
}

export function send(socket: WebSocket, text: string): void {
  // Bytes of its own for each socket: what a slow one holds can then be measured. The filler does not compress.
  if (socket.readyState !== WebSocket.OPEN) return;
  counts.sent += 1;
  socket.send(Buffer.from(text), { binary: false, compress: !pressing });
}

/** Sends to each without waiting for any; who is further behind than `backlogBytes` is told to try again later. */
export function deliverWithin(backlogBytes: number): Deliver {
  return (text, to) => {
    for (const socket of to) {
      if (socket.bufferedAmount > backlogBytes) socket.close(1013, 'too slow');
      else send(socket, text);
    }
  };
}

/** A peer that did not answer one ping by the next is dead: gone within 40 s. */
export function beat(session: Session): void {
  if (session.awaitsPong) session.socket.terminate();
  else session.socket.ping();
  session.awaitsPong = true;
}

export const resilient: Behaviour = {
  beat,
  admits: isMember,
  refusal: () => '401 Unauthorized',
  endsWithToken: true,
  metrics: metricsText,
  uncounts: () => true,
  autoPong: true,
  maxPayload: MIB,
  form: (message) => message,
  replays: true,
  executesOnce: true,
  first: undefined,
  resets: true,
  deliver: deliverWithin(MIB),
  queues: (_, next) => next(),
  handshakeMs: 10_000,
  forgives: true,
  welcome: () => {},
  goodbye: (socket) => socket.close(1001, 'going away'),
  drainMs: 2_000,
  admitsMs: 0,
  failsHealthFirst: true,
  exits: true,
  checksOrigin: true,
  answersClose: true,
  sessionLimit: Number(process.env.SESSION_LIMIT ?? 500),
  messageLimit: 500,
  overLimit: (socket) => socket.close(1008, 'too many messages'),
};
