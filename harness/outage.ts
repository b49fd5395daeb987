import { type Attempt, attemptsAt, type Curve, curveOf, delaysOf, type Noise, noiseOf } from './attempts.js';
import type { EventOf, HistoryView } from './contract.js';

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
  readonly curve: Curve;
  readonly noise: Noise;
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
  readonly attempts: ReadonlyMap<string, readonly Attempt[]>;
  readonly bites: readonly EventOf<'fault'>[];
}

function againOf(history: HistoryView): Again | undefined {
  const cutAt = history.phaseAt('fault', AGAIN);
  const endAt = history.phaseAt('recovery', AGAIN);
  if (cutAt === undefined || endAt === undefined) return undefined;
  const gates = history.measures('healthy again').map(({ facts }) => String(facts.gate));
  const bites = [...history.bites('reset'), ...history.bites('refuse')];
  return {
    cutAt,
    endAt,
    attempts: new Map(gates.map((gate) => [gate, attemptsAt(history, gate, cutAt, endAt)])),
    bites: bites.filter(({ t }) => t >= cutAt),
  };
}

/** Undefined where the scenario did not get that far; then `obstacle` in the history tells why. */
export function outageOf(history: HistoryView): Outage | undefined {
  const cutAt = history.phaseAt('fault');
  const endAt = history.phaseAt('recovery');
  if (cutAt === undefined || endAt === undefined) return undefined;
  const gates = new Set(history.of('connection').map((event) => event.gate));
  const named = (prefix: string) => [...gates].filter((gate) => gate.startsWith(prefix)).sort();
  const look = (gate: string) => attemptsAt(history, gate, cutAt, endAt);
  const attempts = named(COPY_GATE).map(look);
  const delays = attempts.map((list) => delaysOf(list, cutAt));
  const control = named(CONTROL_GATE).map((gate) => delaysOf(look(gate), cutAt));
  const bites = [...history.bites('reset'), ...history.bites('refuse')];
  const closed = history.measures('closed copy')[0]?.facts.backMs;
  return {
    cutAt,
    endAt,
    attempts,
    delays,
    curve: curveOf(delays),
    noise: noiseOf(curveOf(control), CONTROL_DELAY_MS),
    closedBackMs: typeof closed === 'number' || closed === null ? closed : undefined,
    bites: bites.filter(({ t }) => t < endAt),
    again: againOf(history),
  };
}
