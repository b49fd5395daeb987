import type { EventBody, Gate, GateConnection } from '../contract.js';
import { median } from '../numbers.js';
import { SESSION_GATE } from './names.js';

/** One connection as the page draws it. */
export interface Lane {
  readonly conn: number;
  readonly state: 'connecting' | 'open' | 'ended';
  /** Milliseconds since the session began; `endT` is null while it lives. */
  readonly startT: number;
  readonly endT: number | null;
  readonly upBytes: number;
  readonly downBytes: number;
  readonly upMessages: number;
  readonly downMessages: number;
  readonly closeCode: number | null;
  /** Whose end came first, and how: `client FIN`. */
  readonly ended: string | null;
  /** From a ping to its pong, or from a message of the client's to the server's next one. */
  readonly latencyMs: number | null;
}

export interface Totals {
  readonly live: number;
  readonly accepted: number;
  /** Connections that began in the last 10 s. */
  readonly attemptsPer10s: number;
  readonly upPerS: number;
  readonly downPerS: number;
  readonly latencyMs: number | null;
}

interface Seen {
  readonly startMs: number;
  served: boolean;
  up: number;
  down: number;
  closeCode: number | null;
  ended: string | null;
  endMs: number | undefined;
  upBytes: number;
  downBytes: number;
  askedMs: number | undefined;
  latencyMs: number | null;
}

/** An ended connection is shown a little longer; in a storm the oldest of them go. */
const SHOWN_MS = 30_000;
const MOST_ENDED = 500;
const ATTEMPTS_MS = 10_000;
/** Where nobody asks for totals. */
const LOOK_EVERY = 1000;
const RATE_MS = 1000;
const SAMPLES = 256;

/** What a session's connections look like now, from the events as they come. */
export class Lanes {
  private readonly seen = new Map<number, Seen>();
  private readonly starts: number[] = [];
  private readonly latencies: number[] = [];
  private counted;
  private rate = { up: 0, down: 0 };
  private accepted = 0;
  private ended = 0;

  constructor(
    private readonly gate: () => Gate | undefined,
    private readonly epochMs: number,
  ) {
    this.counted = { up: 0, down: 0, sinceMs: epochMs };
  }

  take(event: EventBody, atMs: number): void {
    if (!('gate' in event) || event.gate !== SESSION_GATE) return;
    if (event.type === 'connection' && event.what === 'start') this.begin(event.conn, atMs);
    const lane = this.seen.get(event.conn);
    if (!lane) return;
    if (event.type === 'connection' && event.what === 'end') {
      lane.ended = `${event.by} ${event.how}`;
      lane.endMs = atMs;
      lane.upBytes = event.upBytes;
      lane.downBytes = event.downBytes;
      this.ended += 1;
      if (this.ended > MOST_ENDED) this.forget();
    } else if (event.type === 'handshake' && event.dir === 'down') lane.served = true;
    else if (event.type === 'message') this.message(lane, event, atMs);
  }

  lanes(nowMs: number): Lane[] {
    const live = new Map<number, GateConnection>();
    for (const one of this.gate()?.live ?? []) live.set(one.id, one);
    const lanes: Lane[] = [];
    for (const [conn, lane] of this.seen) {
      if (lane.endMs !== undefined && nowMs - lane.endMs > SHOWN_MS) {
        this.seen.delete(conn);
        this.ended -= 1;
        continue;
      }
      const one = lane.endMs === undefined ? live.get(conn) : undefined;
      lanes.push({
        conn,
        state: lane.endMs !== undefined ? 'ended' : lane.served || (one?.downBytes ?? 0) > 0 ? 'open' : 'connecting',
        startT: Math.round(lane.startMs - this.epochMs),
        endT: lane.endMs === undefined ? null : Math.round(lane.endMs - this.epochMs),
        upBytes: one?.upBytes ?? lane.upBytes,
        downBytes: one?.downBytes ?? lane.downBytes,
        upMessages: lane.up,
        downMessages: lane.down,
        closeCode: lane.closeCode,
        ended: lane.ended,
        latencyMs: lane.latencyMs === null ? null : Math.round(lane.latencyMs * 10) / 10,
      });
    }
    return lanes;
  }

  totals(nowMs: number): Totals {
    this.forgetStarts(nowMs);
    this.roll(nowMs);
    return {
      live: this.gate()?.live.filter(({ ended }) => !ended).length ?? 0,
      accepted: this.accepted,
      attemptsPer10s: this.starts.length,
      upPerS: Math.round(this.rate.up * 10) / 10,
      downPerS: Math.round(this.rate.down * 10) / 10,
      latencyMs: this.latencies.length === 0 ? null : Math.round(median(this.latencies) * 10) / 10,
    };
  }

  /** Rates are of the last whole second in which something came, or in which nothing did. */
  private roll(atMs: number): void {
    const spanMs = atMs - this.counted.sinceMs;
    if (spanMs < RATE_MS) return;
    this.rate = { up: (this.counted.up * 1000) / spanMs, down: (this.counted.down * 1000) / spanMs };
    this.counted = { up: 0, down: 0, sinceMs: atMs };
  }

  private begin(conn: number, atMs: number): void {
    this.accepted += 1;
    if (this.starts.push(atMs) % LOOK_EVERY === 0) this.forgetStarts(atMs);
    this.seen.set(conn, {
      startMs: atMs,
      served: false,
      up: 0,
      down: 0,
      closeCode: null,
      ended: null,
      endMs: undefined,
      upBytes: 0,
      downBytes: 0,
      askedMs: undefined,
      latencyMs: null,
    });
  }

  private message(lane: Seen, event: Extract<EventBody, { type: 'message' }>, atMs: number): void {
    this.roll(atMs);
    if (event.opcode === 'close') lane.closeCode ??= event.closeCode ?? null;
    else if (event.dir === 'up') {
      this.counted.up += 1;
      lane.up += 1;
      if (event.opcode !== 'pong') lane.askedMs ??= atMs;
    } else {
      this.counted.down += 1;
      lane.down += 1;
      if (lane.askedMs === undefined || event.opcode === 'ping') return;
      lane.latencyMs = atMs - lane.askedMs;
      lane.askedMs = undefined;
      this.latencies.push(lane.latencyMs);
      if (this.latencies.length > SAMPLES) this.latencies.shift();
    }
  }

  private forgetStarts(atMs: number): void {
    const first = this.starts.findIndex((startMs) => atMs - startMs <= ATTEMPTS_MS);
    this.starts.splice(0, first < 0 ? this.starts.length : first);
  }

  private forget(): void {
    for (const [conn, { endMs }] of this.seen) {
      if (endMs === undefined) continue;
      this.seen.delete(conn);
      this.ended -= 1;
      return;
    }
  }
}
