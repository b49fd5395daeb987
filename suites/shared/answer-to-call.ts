import type { HistoryView } from '../../harness/contract.js';
import { OK } from '../../harness/grpc-status.js';

/** An end this soon after the answer's head belongs to it: some libraries send both where others send trailers alone. */
const SOON_MS = 1000;

/** How the first gRPC call that passed a gate was answered. */
export interface CallAnswer {
  /** The gRPC status of its end; undefined while it has none. */
  readonly status: number | undefined;
  readonly endedAt: number | undefined;
  /** By a status before any message, and with or without a head: its handler never served it. */
  readonly refused: boolean;
}

/** Undefined of other protocols, and where no answer came. */
export function answerToCall(history: HistoryView, gate: string): CallAnswer | undefined {
  const head = history
    .of('handshake')
    .find((event) => event.gate === gate && event.dir === 'down' && event.stream !== undefined);
  const end = history.of('trailers').find((event) => event.gate === gate);
  if (!head && !end) return undefined;
  const status = end?.grpcStatus;
  const served = history
    .of('message')
    .some((event) => event.gate === gate && event.dir === 'down' && event.opcode === 'binary');
  const atOnce = end !== undefined && (head?.opens !== true || end.t - head.t <= SOON_MS);
  return { status, endedAt: end?.t, refused: status !== undefined && status !== OK && !served && atOnce };
}
