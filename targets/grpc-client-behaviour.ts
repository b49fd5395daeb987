/** What a gRPC client may do well or badly, one word each. A flawed client is the resilient one with one of them changed. */
import { type ChannelOptions, type StatusObject, status, type VerifyOptions } from '@grpc/grpc-js';
import type { Upload } from './grpc-upload';
import { Inbox } from './inbox';
import { report, scaledMs } from './program';
import { pushbackMs } from './retry-info';

export interface Behaviour {
  /** The channel's: its keepalive, its own backoff between attempts to connect. */
  readonly options: ChannelOptions;
  /** The delay before the call is issued again after so many ends in a row; null gives up. */
  readonly delayMs: (failures: number, ended: StatusObject) => number | null;
  /** How long a call must last for the failures before it to be forgotten. */
  readonly stableMs: number;
  /** What a server that ends the call asks for, in real milliseconds. */
  readonly askedMs: (ended: StatusObject) => number;
  /** How long a connection may bring no byte of an answer; null waits for ever, as the library does. */
  readonly connectMs: number | null;
  /** Waits for a connection, and does not fail while there is none. */
  readonly waitsForReady: boolean;
  readonly resumes: boolean;
  /** How long after a GOAWAY it stays with a call that goes on; null stays. */
  readonly leavesMs: () => number | null;
  /** How long a question may take; null waits for ever. */
  readonly deadlineMs: number | null;
  /** Asks once more what was not answered. */
  readonly asksAgain: boolean;
  /** How the server's certificate is looked at. */
  readonly verify: VerifyOptions;
  readonly inbox: Inbox;
  /** What becomes of a message that is none of ours; the library has ended the call. */
  readonly misunderstood: () => void;
  /** What becomes of a question whose answer did not come. */
  readonly givesUp: (id: string) => void;
  /** Of an uploader, under PRESSURE=1. */
  readonly upload: Upload;
}

/** What will not change soon. */
const HOPELESS = [status.UNAUTHENTICATED, status.PERMISSION_DENIED, status.UNIMPLEMENTED, status.INVALID_ARGUMENT];

export const resilient: Behaviour = {
  options: {
    'grpc.keepalive_time_ms': scaledMs(20_000),
    'grpc.keepalive_timeout_ms': scaledMs(10_000),
    // As the connection-backoff document has it: 1 s, x1.6, +-20 %, at most 120 s.
    'grpc.initial_reconnect_backoff_ms': scaledMs(1_000),
    'grpc.max_reconnect_backoff_ms': scaledMs(120_000),
    'grpc.dns_min_time_between_resolutions_ms': scaledMs(10_000),
  },
  delayMs: (failures) => Math.min(30_000, 2_500 * 1.6 ** failures) * (0.2 + 0.8 * Math.random()),
  stableMs: 5_000,
  askedMs: (ended) =>
    Math.min(120_000, Math.max(pushbackMs(ended), HOPELESS.includes(ended.code) ? scaledMs(15_000) : 0)),
  connectMs: 20_000,
  waitsForReady: true,
  resumes: true,
  leavesMs: () => 2_000 * Math.random(),
  deadlineMs: 5_000,
  asksAgain: false,
  verify: {},
  inbox: new Inbox(),
  misunderstood: () => {},
  givesUp: (id) => report('unsent', { id }),
  upload: (call, note) => void (call.writableNeedDrain || call.write(note)),
};
