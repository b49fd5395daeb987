/** What a WebSocket client may do well or badly, one word each. A flawed client is the resilient one with one of them changed. */
import type { IncomingMessage } from 'node:http';
import type { ClientOptions, WebSocket } from 'ws';
import { Inbox } from './inbox';
import { Outbox } from './outbox';
import { report } from './program';
import { askedMs } from './retry-after';

/** How the last connection ended: the code of its close, and the status where the handshake was refused. */
export interface Why {
  readonly code: number;
  readonly status: number | undefined;
}

export interface Behaviour {
  /** The delay before the next attempt after so many failures in a row; null gives up. */
  readonly delayMs: (failures: number, why: Why) => number | null;
  /** How long a connection must last for the failures before it to be forgotten. */
  readonly stableMs: number;
  /** What a refusing server asks for, in real milliseconds: the seconds of Retry-After are its own. */
  readonly askedMs: (status: number | undefined, retryAfter: string | undefined) => number;
  /** On top of the delay after 1013, which names no time. */
  readonly overloadMs: number;
  readonly beat: (socket: WebSocket) => void;
  readonly answersClose: boolean;
  /** Silence after which the link is taken for dead (servers ping every 15-20 s); null never looks. */
  readonly silenceMs: number | null;
  readonly resumes: boolean;
  /** Null waits for ever. */
  readonly handshakeTimeoutMs: number | null;
  /** How long an open connection may take to bring its first sign of life, before it takes WebSocket for blocked; null: never. */
  readonly firstSignMs: number | null;
  readonly connection: (url: URL) => Pick<ClientOptions, 'rejectUnauthorized' | 'createConnection'>;
  /** Where PRESSURE=1 makes it an uploader: called every 32 ms with 64 KiB to send. */
  readonly upload: (socket: WebSocket, chunk: Buffer) => void;
  readonly onError: (error: NodeJS.ErrnoException) => void;
  /** Sees the answer to the handshake before the library judges it. */
  readonly answered: (response: IncomingMessage) => void;
  /** Offered in the handshake. */
  readonly subprotocols: string[];
  /** Text that is no message of ours has come. */
  readonly misunderstood: (socket: WebSocket) => void;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
}

export const resilient: Behaviour = {
  delayMs: (failures) => Math.min(30_000, 2_500 * 2 ** failures) * (0.2 + 0.8 * Math.random()),
  silenceMs: 45_000,
  resumes: true,
  handshakeTimeoutMs: 8_000,
  firstSignMs: 8_000,
  connection: () => ({}),
  upload: (socket, chunk) => void (socket.bufferedAmount < 1_048_576 && socket.send(chunk)),
  onError: (error) => report('error', { data: error.message }),
  answered: () => {},
  subprotocols: [],
  misunderstood: () => report('error', { data: 'not a message of ours' }),
  inbox: new Inbox(),
  outbox: new Outbox(),
  stableMs: 5_000,
  askedMs,
  overloadMs: 5_000,
  beat: (socket) => socket.ping(),
  answersClose: true,
};
