import { type Attempt, BURST_MS } from './attempts.js';
import type { EventBody, EventOf, HistoryEvent, HistoryView } from './contract.js';
import { isInfrastructure } from './grpc-services.js';

/** A call that is as old as that is one that lasts, and no question beside it. */
const HELD_MS = 1000;

/** How a gRPC call came to its end: by trailers with a status, an answer that is none of gRPC, RST_STREAM, or with its connection. */
export interface CallEnd {
  readonly atMs: number;
  readonly by: 'client' | 'server' | 'gate';
  /** In words: `status 14`, `HTTP 504`, `RST_STREAM 2`, `FIN`. */
  readonly how: string;
}

/** A gRPC call of the program's own as its gate saw it, not what its library asks for by itself. */
export interface GateCall<Head> {
  readonly rpc: string;
  readonly conn: number;
  readonly head: Head;
  readonly startAtMs: number;
  /** When its answer began as one of gRPC. */
  openedAtMs?: number;
  /** That came down. */
  messages: number;
  end?: CallEnd;
}

type HeadOf<Event extends EventBody> = Extract<Event, { type: 'handshake' }>;

/** The calls at one gate, from its events in their order. */
export class GateCalls<Event extends EventBody = EventBody> {
  readonly all: GateCall<HeadOf<Event>>[] = [];
  private readonly open = new Map<string, GateCall<HeadOf<Event>>>();
  private readonly pages = new Map<string, number>();

  readonly take = (event: Event, atMs: number): void => {
    if (event.type === 'connection' && event.what === 'end') {
      const end = { atMs, by: event.by, how: event.how };
      for (const call of [...this.open.values()].filter(({ conn }) => conn === event.conn)) this.finish(call, end);
      return;
    }
    if (!('conn' in event) || !('stream' in event) || event.stream === undefined) return;
    const key = `${event.conn}/${event.stream}`;
    if (event.type === 'handshake' && event.dir === 'up') this.begin(key, event as HeadOf<Event>, atMs);
    const call = this.open.get(key);
    if (call === undefined) return;
    if (event.type === 'handshake' && event.dir === 'down') {
      if (event.opens) call.openedAtMs = atMs;
      else this.pages.set(key, event.status ?? 0);
    }
    if (event.type === 'message' && event.dir === 'down' && event.opcode === 'binary') call.messages += 1;
    if (event.type === 'frame' && event.frame === 'RST_STREAM')
      this.finish(call, { atMs, by: event.dir === 'up' ? 'client' : 'server', how: `RST_STREAM ${event.code}` });
    if (event.type === 'trailers') {
      const how = event.grpcStatus === undefined ? `HTTP ${this.pages.get(key) ?? 200}` : `status ${event.grpcStatus}`;
      this.finish(call, { atMs, by: 'server', how });
    }
  };

  private begin(key: string, head: HeadOf<Event>, atMs: number): void {
    const { rpc, conn } = head;
    if (rpc === undefined || isInfrastructure(rpc)) return;
    const call = { rpc, conn, head, startAtMs: atMs, messages: 0 };
    this.all.push(call);
    this.open.set(key, call);
  }

  private finish(call: GateCall<HeadOf<Event>>, end: CallEnd): void {
    call.end = end;
    for (const [key, one] of this.open) if (one === call) this.open.delete(key);
  }
}

/** Those that were open, and had been for a while. */
export function heldAt<Head>(calls: readonly GateCall<Head>[], atMs: number): GateCall<Head>[] {
  return calls.filter(
    ({ openedAtMs, startAtMs, end }) =>
      openedAtMs !== undefined && openedAtMs <= atMs && startAtMs <= atMs - HELD_MS && (end?.atMs ?? Infinity) >= atMs,
  );
}

export function callsAt(history: HistoryView, gate: string): GateCall<EventOf<'handshake'>>[] {
  const calls = new GateCalls<HistoryEvent>();
  for (const event of history.events) if ('gate' in event && event.gate === gate) calls.take(event, event.t);
  return calls.all;
}

/** Whether what passes this gate is gRPC. */
export function isCalledAt(history: HistoryView, gate: string): boolean {
  return history.of('handshake').some((event) => event.gate === gate && event.rpc !== undefined);
}

export interface CallsAgain {
  readonly attempts: readonly Attempt[];
  /** How many calls of this method were held, each of which comes back for itself. */
  readonly held: number;
}

/**
 * How a client that held calls when it was cut made them again until then: of the method of which there were most. Calls that are
 * made within `burstMs` of an attempt's start belong to it (CHECKLIST rule 2); `opened`: only those that were let in.
 */
export function callsAgain(
  history: HistoryView,
  gate: string,
  window: { readonly from: number; readonly to: number },
  { burstMs = BURST_MS, opened = false } = {},
): CallsAgain | undefined {
  const { from, to } = window;
  const calls = callsAt(history, gate);
  const held = heldAt(calls, from);
  const ways = [...new Set(held.map(({ rpc }) => rpc))].map((rpc) => {
    const attempts: Attempt[] = [];
    for (const call of calls) {
      const { startAtMs, end, head } = call;
      if (call.rpc !== rpc || startAtMs < from || startAtMs >= to || (opened && call.openedAtMs === undefined))
        continue;
      if (startAtMs - (attempts.at(-1)?.startAt ?? Number.NEGATIVE_INFINITY) < burstMs) continue;
      attempts.push({ startAt: startAtMs, endAt: Math.min(end?.atMs ?? to, to), first: head });
    }
    return { attempts, held: held.filter((call) => call.rpc === rpc).length };
  });
  return ways.toSorted((a, b) => b.attempts.length - a.attempts.length)[0];
}
