import { delaysOf, stallOf } from '../../harness/attempts.js';
import type { HistoryEvent, HistoryView, Target } from '../../harness/contract.js';
import { inWords, mean, type Ratio, ratioOf } from '../../harness/numbers.js';
import {
  type Farewell,
  FLAP_GATE,
  FLAPPING,
  farewellsOf,
  goodbyeLabel,
  REFUSED_GATE,
  sessionsOf,
  windowOf,
} from '../../harness/turned-away.js';
import { isFinding, refusedWith } from './turned-away-evidence.js';

/** A timer is never exact. */
const EARLY_MS = 250;
/** Differences of delays that are this short are none. */
const LEAST_MS = 50;
const MAY_BE_STALL_MS = 500;

/** What one way of asking came to; `none`: it could not be asked so. */
export interface Part {
  readonly state: 'heeded' | 'ignored' | 'open' | 'none';
  readonly said: string;
  readonly because: readonly HistoryEvent[];
  readonly waitedMs?: number;
  readonly askedMs?: number;
}

/** One copy was refused with this status and told when to come again: the next two attempts are looked at. */
export function retryAfter(history: HistoryView, status: number, { protocol }: Target): Part {
  const gate = `${REFUSED_GATE}${status}`;
  const refused = refusedWith(history, status);
  if (isFinding(refused)) {
    const state = refused.outcome === 'skipped' ? 'none' : 'open';
    return { state, said: refused.reason ?? refused.actual, because: refused.because ?? [] };
  }
  const { name, held, attempts, askedMs, cutAt, seenUntil, exited } = refused;
  const [first] = attempts;
  if (!first || askedMs === null) return { state: 'open', said: `${name} asked for nothing`, because: [] };
  // Only what is made after the manner of a browser sends this header, and cannot read the answer to a WebSocket's handshake.
  const request = history.of('handshake').find((event) => event.gate === gate && event.dir === 'up');
  if (protocol === 'websocket' && request?.fields && 'sec-fetch-mode' in request.fields)
    return { state: 'none', said: 'a browser-like WebSocket cannot read Retry-After', because: [request] };
  const because = [...refused.bites.slice(0, 1), ...attempts.slice(0, 3).map((attempt) => attempt.first)];
  const asked = `${name} asked for ${inWords(askedMs)}`;
  const [waitedMs, ...later] = delaysOf(attempts, cutAt).slice(1, 3);
  if (waitedMs === undefined) {
    if (protocol === 'sse') return { state: 'none', said: `stopped at ${name}, as the standard orders`, because };
    const unseenMs = seenUntil - first.endAt;
    const said = `${asked}, and ${exited ? 'its process ended' : `no further attempt came within ${inWords(unseenMs)}`}`;
    return { state: 'open', said, because };
  }
  const waits = [waitedMs, ...later];
  const early = waits.filter((ms) => ms < askedMs - EARLY_MS).length;
  const part = { because, waitedMs: Math.min(...waits), askedMs };
  const said = `${asked}: came back after ${waits.map(inWords).join(' and ')}`;
  // A client that was too busy to read one answer in time knows nothing of what was asked.
  if (early > 0 && held > 1)
    return { ...part, state: 'open', said: `${said}: it had ${held} calls, and each comes back for itself` };
  if (early >= 2) return { ...part, state: 'ignored', said };
  if (early === 1) return { ...part, state: 'open', said: `${said}, which once was in time or is not known` };
  if (first.startAt - cutAt >= askedMs)
    return { ...part, state: 'open', said: `${asked}, and it waits as long when nobody asks` };
  return { ...part, state: 'heeded', said };
}

/** All copies' streams were ended, at last after `retry:` had said when to come again. */
export function retryField(history: HistoryView): Part {
  const [usual = [], later = []] = [0, 1].map((round) => farewellsOf(history, goodbyeLabel(round)));
  const told = (later.length > 0 ? later : usual).filter(({ retryMs }) => retryMs !== null);
  if (told.length === 0) return { state: 'none', said: 'no stream that ended in order had sent retry', because: [] };
  const because = told.slice(0, 3).map((one) => one.told);
  const back = told.filter(({ delayMs }) => delayMs !== null);
  if (back.length === 0) return { state: 'open', said: 'none came back after retry', because };
  const askedMs = Math.max(...back.map(({ retryMs }) => retryMs ?? 0));
  const waits = back.map(({ delayMs }) => delayMs ?? 0);
  const early = back.filter(({ delayMs, retryMs }) => (delayMs ?? 0) < (retryMs ?? 0) - EARLY_MS).length;
  const waitedMs = Math.min(...waits);
  const said = `retry asked for ${inWords(askedMs)}: ${waits.length} copies came back after ${inWords(waitedMs)} to ${inWords(Math.max(...waits))}`;
  const part = { because, waitedMs, askedMs };
  if (early >= 2) return { ...part, state: 'ignored', said };
  if (early === 1) return { ...part, state: 'open', said: `${said}, one of them early` };
  const isLong = later.length > 0 && usual.every(({ delayMs }) => delayMs !== null && delayMs >= askedMs);
  if (isLong) return { ...part, state: 'open', said: `${said}, and it waits as long when nobody asks` };
  return { ...part, state: 'heeded', said };
}

/**
 * All copies were told 1001, 1013 and 1001. Who takes 1001 for a deploy that needs half a minute has waited longer than usual if its
 * delay after 1013 is longer than that after a cut without a word.
 */
export function tryAgainLater(history: HistoryView, expect: Readonly<Record<string, number>>): Part {
  const [before = [], overloaded = [], after = []] = [0, 1, 2].map((round) =>
    farewellsOf(history, goodbyeLabel(round)),
  );
  const told = overloaded.filter(({ code }) => code === 1013);
  if (told.length === 0) return { state: 'none', said: 'nobody could be told 1013', because: [] };
  const because = told.slice(0, 3).map((one) => one.told);
  if (history.measures('told').some(({ facts }) => facts.code === 1013 && facts.exited === true))
    return { state: 'open', said: 'its process ended at 1013', because };
  const delayAt = (list: readonly Farewell[], gate: string) =>
    list.flatMap((one) => (one.gate === gate ? (one.delayMs ?? []) : []));
  const usual = told.map(({ gate }) => delayAt([...before, ...after], gate));
  if (told.every(({ delayMs }) => delayMs === null) && usual.some(({ length }) => length > 0))
    return { state: 'heeded', said: 'stayed away after 1013', because };
  const window = windowOf(history, FLAPPING);
  const cut = window ? sessionsOf(history, FLAP_GATE, window.from, window.to) : [];
  const unasked = cut.map((list) => list.slice(0, 1).map(({ startAt }) => startAt - (window?.from ?? 0)));
  const asked = told.map(({ delayMs }) => (delayMs === null ? [] : [delayMs]));
  const overUsual = longer(usual, asked);
  if (!overUsual) return { state: 'open', said: 'too few copies came back after 1013', because };
  // The copies that were cut are others than those that were told: any two make a pair.
  const first = told.map(({ gate }) => delayAt(before, gate));
  const isSpecial = (longer(unasked, first)?.lower ?? 0) > (expect.longerAbove ?? 1.25);
  const overCut = isSpecial ? longer(unasked, asked) : undefined;
  const times = (ratio: Ratio) => `${Math.round(ratio.value * 100) / 100} times as long as after`;
  const said = `after 1013 it waited ${times(overUsual)} 1001${overCut ? `, ${times(overCut)} a cut` : ''}`;
  const ratios = [overUsual, ...(overCut ? [overCut] : [])];
  if (ratios.some(({ lower }) => lower > (expect.longerAbove ?? 1.25))) return { state: 'heeded', said, because };
  // Delays after 1001 that are long because the harness stood still would make those after 1013 look short.
  const usualMs = mean(usual.flat());
  const stallMs = Math.max(...[0, 2].map((round) => stallIn(history, goodbyeLabel(round))));
  if (usualMs > MAY_BE_STALL_MS && stallMs > usualMs / 2)
    return { state: 'open', said: `${said}, too busy to tell`, because };
  if (ratios.every(({ upper }) => upper < (expect.sameBelow ?? 1.8))) return { state: 'ignored', said, because };
  return { state: 'open', said: `${said}, which may be chance`, because };
}

function stallIn(history: HistoryView, label: string): number {
  const window = windowOf(history, label);
  return window ? stallOf(history, window.from, window.to) : 0;
}

/** How many times as long the second delays are, process by process. */
function longer(base: readonly (readonly number[])[], delays: readonly (readonly number[])[]): Ratio | undefined {
  return ratioOf(
    delays.flatMap((list, i) => {
      const own = base[i] ?? [];
      return own.length === 0 || list.length === 0 ? [] : [[floored(mean(own)), floored(mean(list))] as const];
    }),
  );
}

function floored(ms: number): number {
  return Math.max(LEAST_MS, ms);
}
