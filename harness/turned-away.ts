import { type Attempt, attemptsAt } from './attempts.js';
import type { EventOf, HistoryView } from './contract.js';
import { callsAgain, callsAt, heldAt, isCalledAt } from './gate-calls.js';
import { deviation, mean } from './numbers.js';
import { CONTROL_DELAY_MS, CONTROL_GATE } from './outage.js';

/** How the scenario `turned-away` names its gates and phases. */
export const FLAP_GATE = 'flap-';
export const FLAPPING = 'flapping';
export const REFUSED_GATE = 'refused-';
export const GOODBYE_GATE = 'goodbye-';
export const goodbyeLabel = (round: number, repeat = 0) =>
  `goodbye-${round + 1}${repeat > 0 ? `-again-${repeat}` : ''}`;
/** Measures how long at most the gates' own process did not turn its loop during a goodbye. */
export const STOOD_STILL = 'stood still';
/** The first goodbye, and what it is repeated for where noise spoils it (CHECKLIST rule 6). */
export const FIRST_GOODBYES = [0, 1, 2].map((repeat) => goodbyeLabel(0, repeat));

/** A time of the scenario, by the label of its phases; undefined where it did not get that far. */
export function windowOf(history: HistoryView, label: string) {
  const from = history.phaseAt('fault', label);
  const to = history.phaseAt('recovery', label);
  return from === undefined || to === undefined ? undefined : { from, to };
}

/** Sessions that were opened between two times, by gate: each attempt whose handshake was answered with 101, or with a stream. */
export function sessionsOf(history: HistoryView, prefix: string, from: number, to: number): readonly Attempt[][] {
  const opened = history.of('handshake').filter(({ status, opens }) => status === 101 || opens);
  return gatesOf(history, prefix).map((gate) => {
    if (isCalledAt(history, gate))
      return [...(callsAgain(history, gate, { from, to }, { burstMs: 0, opened: true })?.attempts ?? [])];
    const own = new Set(opened.filter((event) => event.gate === gate).map(({ conn }) => conn));
    // One that is dropped at once may be followed by the next within milliseconds: no burst, but an attempt each. What was asked
    // over HTTP before it (where to go) may be kept alive through all of them, and joins none.
    return attemptsAt(history, gate, from, to, 0, own);
  });
}

export function gatesOf(history: HistoryView, prefix: string): string[] {
  return [...new Set(history.of('connection').map(({ gate }) => gate))]
    .filter((gate) => gate.startsWith(prefix))
    .sort();
}

/** What one copy made of one goodbye: a close frame, or the orderly end of a stream of events. */
export interface Farewell {
  readonly gate: string;
  readonly code: number | undefined;
  readonly told: EventOf<'message'>;
  /** What its streams were last told to wait by `retry:` [WHATWG HTML 9.2.6]. */
  readonly retryMs: number | null;
  /**
   * Until it answered the frame, or ended the connection; null where it did neither. Nobody stays in a stream that has ended. Of gRPC,
   * until its call was over, whoever ended it.
   */
  readonly leaveMs: number | null;
  /** From the end of the connection, or of the stream, to its next attempt (CHECKLIST rule 2); null where none came. */
  readonly delayMs: number | null;
  /** The next attempt, from the goodbye on. */
  readonly backMs: number | null;
}

export function farewellsOf(history: HistoryView, label: string): Farewell[] {
  const window = windowOf(history, label);
  if (!window) return [];
  const { from, to } = window;
  const messages = history.of('message');
  const closes = messages.filter(({ opcode, t }) => opcode === 'close' && t >= from && t < to);
  return gatesOf(history, GOODBYE_GATE).flatMap((gate) => {
    if (isCalledAt(history, gate)) return calledAway(history, gate, window);
    const told = closes.find((event) => event.gate === gate && event.dir === 'down');
    if (!told) return [];
    const connections = history.of('connection').filter((event) => event.gate === gate && event.t < to);
    const end = connections.find((event) => event.what === 'end' && event.conn === told.conn);
    const requests = history.of('handshake').filter((event) => event.gate === gate && event.conn === told.conn);
    const endsStream = requests.some(({ opens }) => opens === true);
    const answer = closes.find((event) => event.gate === gate && event.dir === 'up' && event.conn === told.conn);
    const left = endsStream ? told : (answer ?? (end?.what === 'end' && end.by === 'client' ? end : undefined));
    // HTTP keeps connections: the next request may come on the same one.
    const next = [
      ...connections.filter(({ what, conn, t }) => what === 'start' && conn !== told.conn && t >= told.t),
      ...requests.filter(({ dir, t }) => endsStream && dir === 'up' && t > told.t && t < to),
    ].toSorted((a, b) => a.t - b.t)[0];
    const freeAt = endsStream ? told.t : end?.t;
    const asked = messages.flatMap(({ gate: at, dir, fields, t }) =>
      at === gate && dir === 'down' && t <= told.t && typeof fields?.retry === 'number' ? fields.retry : [],
    );
    return [
      {
        gate,
        code: told.closeCode,
        told,
        retryMs: asked.at(-1) ?? null,
        leaveMs: left ? left.t - told.t : null,
        delayMs: next ? Math.max(0, next.t - (freeAt ?? next.t)) : null,
        backMs: next ? next.t - told.t : null,
      },
    ];
  });
}

/**
 * Of gRPC: from GOAWAY, or from what the server ended a held call with, to the next call of that method. Who leaves a call that would
 * go on comes back from the moment in which all were told; who is sent out of it, from its end.
 */
function calledAway(history: HistoryView, gate: string, window: { from: number; to: number }): Farewell[] {
  const { from, to } = window;
  const calls = callsAt(history, gate);
  const [held] = heldAt(calls, from);
  if (!held) return [];
  const { stream } = held.head;
  const told = history
    .of('message')
    .find(
      (event) =>
        event.gate === gate &&
        event.conn === held.conn &&
        event.dir === 'down' &&
        event.opcode === 'close' &&
        (event.stream === undefined || event.stream === stream) &&
        event.t >= from &&
        event.t < to,
    );
  if (!told) return [];
  const next = calls.find(
    ({ rpc, startAtMs }) => rpc === held.rpc && startAtMs > held.startAtMs && startAtMs >= told.t && startAtMs < to,
  );
  const over = held.end && held.end.atMs < to ? held.end : undefined;
  const freeAt = over?.by === 'client' ? told.t : over?.atMs;
  return [
    {
      gate,
      code: undefined,
      told,
      retryMs: null,
      leaveMs: over ? over.atMs - told.t : null,
      delayMs: next && freeAt !== undefined ? Math.max(0, next.startAtMs - freeAt) : null,
      backMs: next ? next.startAtMs - told.t : null,
    },
  ];
}

export interface Returns {
  readonly delays: readonly number[];
  readonly meanMs: number;
  readonly spreadMs: number;
  readonly noise: { readonly floorMs: number; readonly trusted: boolean };
}

/** Of the mean delay: returns may look in step if the harness stood still for longer. */
const STALL_SHARE = 0.05;

/** Over this much noise, delays differ by themselves (CHECKLIST rule 6). */
export const NOISE_FACTOR = 3;

/** What this round shows may be this machine's own: without a trusted control no verdict (CHECKLIST rule 6); another round may tell. */
export function isSpoiled({ meanMs, spreadMs, noise }: Returns, noiseFactor: number): boolean {
  return !noise.trusted || (noise.floorMs >= STALL_SHARE * meanMs && spreadMs <= noiseFactor * noise.floorMs);
}

/** How the copies came back that were told to leave in one instant, beside control clients of known delay; none: empty. */
export function returnsAfter(history: HistoryView, label: string): Returns[] {
  const delays = farewellsOf(history, label).flatMap(({ delayMs }) => delayMs ?? []);
  const noise = controlNoise(history, label);
  return delays.length === 0 ? [] : [{ delays, meanMs: mean(delays), spreadMs: deviation(delays), noise }];
}

/** What the control clients of known delay, cut in the same instant, show of this machine's noise (CHECKLIST rule 6). */
function controlNoise(history: HistoryView, label: string): { floorMs: number; trusted: boolean } {
  const window = windowOf(history, label);
  const delays = gatesOf(history, CONTROL_GATE).flatMap((gate) => {
    const own = history
      .of('connection')
      .filter((event) => event.gate === gate && event.t >= (window?.from ?? Infinity));
    const end = own.find(({ what }) => what === 'end');
    const next = own.find(({ what, t }) => what === 'start' && t >= (end?.t ?? Infinity));
    return end && next ? [next.t - end.t] : [];
  });
  const off = Math.abs(mean(delays) - CONTROL_DELAY_MS);
  const isFixed = delays.length >= 3 && deviation(delays) < 0.02 * CONTROL_DELAY_MS && off < 0.05 * CONTROL_DELAY_MS;
  // The controls are back after a second; the copies may come while the gates' own process stands still.
  const stalls = history.measures(STOOD_STILL).filter(({ facts }) => facts.label === label);
  const stallMs = Math.max(0, ...stalls.map(({ facts }) => Number(facts.maxMs)));
  return { floorMs: Math.max(deviation(delays), stallMs), trusted: isFixed };
}
