import {
  type Attempt,
  attemptsAt,
  type Curve,
  curveOf,
  delaysOf,
  IMMEDIATE_MS,
  type Noise,
  noiseOf,
} from './attempts.js';
import type { EventOf, HistoryView, Target } from './contract.js';
import { deviation, mean, median } from './numbers.js';
import { protocolNamed } from './protocol.js';

/** How the outage scenario names its gates; the control's delay. */
export const COPY_GATE = 'copy-';
export const CONTROL_GATE = 'control-';
export const CLOSED_GATE = 'closed';
export const CONTROL_DELAY_MS = 1000;
/** Labels the phases of the second outage. */
export const AGAIN = 'again';

/** What the checks on attempts read from the outage: one look at its history. */
export interface Outage {
  readonly cutAt: number;
  readonly endAt: number;
  /** By process. */
  readonly attempts: readonly (readonly Attempt[])[];
  readonly delays: readonly (readonly number[])[];
  /**
   * What the curve is made of. From start to start it leaves out the first delay: that is how long the application waits before it
   * calls again, and the others are its channel's.
   */
  readonly backoffs: readonly (readonly number[])[];
  readonly curve: Curve;
  /** Index of the first of them that is asked for growth, and of the first that is asked for jitter. */
  readonly start: { readonly growth: number; readonly jitter: number };
  /** Every process made its first attempt at once. */
  readonly immediate: boolean;
  /** The delay that each process's backoff began with; undefined where none was seen. */
  readonly begins: readonly (number | undefined)[];
  /** How many connections each process had when it was cut; each of them may back off by itself. */
  readonly channels: readonly number[];
  /** How many calls of gRPC the process that made the fewest had made before. */
  readonly asked: number;
  readonly noise: Noise;
  /** What the machine alone spreads first attempts by: their deviation over the copies of the control client, which all wait one time. */
  readonly firstNoiseMs: number;
  /** Milliseconds until the copy that met a closed port came back; null: it did not; undefined: there was none. */
  readonly closedBackMs: number | null | undefined;
  readonly bites: readonly EventOf<'fault'>[];
  /** The second outage, after a time of health; undefined where it was not made. */
  readonly again: Again | undefined;
}

export interface Again {
  readonly cutAt: number;
  readonly endAt: number;
  /** By process, of those that had come back and held their session. */
  readonly attempts: readonly (readonly Attempt[])[];
  readonly begins: readonly (number | undefined)[];
  /** The longest that each was seen to wait. */
  readonly longestMs: readonly number[];
  readonly bites: readonly EventOf<'fault'>[];
}

type From = 'start' | 'end';

function againOf(history: HistoryView, from: From): Again | undefined {
  const cutAt = history.phaseAt('fault', AGAIN);
  const endAt = history.phaseAt('recovery', AGAIN);
  if (cutAt === undefined || endAt === undefined) return undefined;
  const gates = history.measures('healthy again').map(({ facts }) => String(facts.gate));
  const bites = [...history.bites('reset'), ...history.bites('refuse')];
  const attempts = gates.map((gate) => attemptsAt(history, gate, cutAt, endAt));
  const delays = attempts.map((list) => delaysOf(list, cutAt, from));
  return {
    cutAt,
    endAt,
    attempts,
    begins: delays.map((list) => beginOf(list, from)),
    longestMs: attempts.map((list, i) => {
      const waiting = endAt - (list.at(-1)?.endAt ?? cutAt);
      return from === 'start' ? Math.max(waiting, ...(delays[i] ?? [])) : waiting;
    }),
    bites: bites.filter(({ t }) => t >= cutAt),
  };
}

/** Of an application over a channel either may wait long: the longer of its first delay and of the channel's. */
function beginOf(delays: readonly number[], from: From): number | undefined {
  if (from === 'end') return delays.find((ms) => ms > IMMEDIATE_MS);
  const [own, channels] = delays;
  return own === undefined || channels === undefined ? undefined : Math.max(own, channels);
}

/** Undefined where the scenario did not get that far; then `obstacle` in the history tells why. */
export function outageOf(history: HistoryView, target: Target): Outage | undefined {
  const cutAt = history.phaseAt('fault');
  const endAt = history.phaseAt('recovery');
  if (cutAt === undefined || endAt === undefined) return undefined;
  const gates = new Set(history.of('connection').map((event) => event.gate));
  const named = (prefix: string) => [...gates].filter((gate) => gate.startsWith(prefix)).sort();
  const look = (gate: string) => attemptsAt(history, gate, cutAt, endAt);
  const from = protocolNamed(target.protocol).delaysFrom ?? 'end';
  const copies = named(COPY_GATE);
  const attempts = copies.map(look);
  const delays = attempts.map((list) => delaysOf(list, cutAt, from));
  const backoffs = from === 'start' ? delays.map((list) => list.slice(1)) : delays;
  const control = named(CONTROL_GATE).map((gate) => delaysOf(look(gate), cutAt));
  const controlFirsts = control.flatMap(([first]) => first ?? []);
  const lateMs = lateAfterCut(controlFirsts);
  const curve = from === 'start' ? curveOf(backoffs) : curveOf(backoffs, lateMs);
  const soon = delays.every(([first = 0]) => first - lateMs <= IMMEDIATE_MS);
  const firsts = delays.flatMap((list) => list.slice(0, 1));
  // Also where too few attempts followed for a curve.
  const immediate = from === 'start' ? soon : firsts.length > 0 && mean(firsts) - lateMs <= IMMEDIATE_MS;
  const growth = curve.immediate ? 1 : 0;
  const bites = [...history.bites('reset'), ...history.bites('refuse')];
  const closed = history.measures('closed copy')[0]?.facts.backMs;
  return {
    cutAt,
    endAt,
    attempts,
    delays,
    backoffs,
    curve,
    // "current_deadline = now() + INITIAL_BACKOFF": the first has no jitter [connection-backoff.md].
    start: { growth, jitter: from === 'start' ? growth + 1 : growth },
    immediate,
    begins: delays.map((list) => beginOf(list, from)),
    asked: Math.min(...copies.map((gate) => callsAt(history, gate, cutAt))),
    channels: copies.map((gate) => heldAt(history, gate, cutAt)),
    noise: noiseOf(curveOf(control), CONTROL_DELAY_MS),
    firstNoiseMs: controlFirsts.length > 1 ? deviation(controlFirsts) : 0,
    closedBackMs: typeof closed === 'number' || closed === null ? closed : undefined,
    bites: bites.filter(({ t }) => t < endAt),
    again: againOf(history, from),
  };
}

/** How much later than its known delay the control client was back after the same cut: by as much, every first attempt looks late. */
function lateAfterCut(firsts: readonly number[]): number {
  return firsts.length === 0 ? 0 : Math.max(0, median(firsts) - CONTROL_DELAY_MS);
}

function heldAt(history: HistoryView, gate: string, cutAt: number): number {
  const own = history.of('connection').filter((event) => event.gate === gate);
  const begun = own.filter(({ what, t }) => what === 'start' && t < cutAt).length;
  return begun - own.filter(({ what, t }) => what === 'end' && t < cutAt).length;
}

function callsAt(history: HistoryView, gate: string, before: number): number {
  const calls = history.of('handshake').filter(({ dir, rpc, t }) => dir === 'up' && rpc !== undefined && t < before);
  return calls.filter((call) => call.gate === gate).length;
}
