import type { HistoryView } from '../contract.js';
import { groupedBy } from './grouped.js';
import { processLanesOf } from './picture-processes.js';
import { type Spell, sessionSpellsOf, spellsOf } from './picture-spells.js';
import { type Ticks, ticksOf } from './picture-ticks.js';

/** What a bar shows: one connection, one of our sessions, or one life of a process. */
export interface Bar {
  readonly row: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly state: Spell['state'];
  readonly by: string;
  readonly how: string;
  readonly words: string;
}

/** More at once than can be told apart: how many began, how many of those in vain, and how many were there. */
export interface Crowd {
  readonly stepMs: number;
  readonly began: readonly number[];
  readonly inVain: readonly number[];
  readonly open: readonly number[];
}

export interface Mark {
  readonly atMs: number;
  readonly words: string;
  readonly bad: boolean;
}

/** The connections of one gate: where several processes of a client are compared, each has its own. */
export interface Lane {
  readonly name: string;
  readonly kind: 'connections' | 'sessions' | 'process';
  readonly rows: number;
  readonly bars: readonly Bar[];
  readonly crowd?: Crowd;
  readonly ticks: Ticks;
  readonly marks: readonly Mark[];
}

export interface LaneRequest {
  readonly at: (t: number) => number;
  readonly spanMs: number;
  /** Events that verdicts rest on: their lanes come first. */
  readonly because: ReadonlySet<number>;
}

/** More at once in one lane, or in all, are a crowd. */
const MAX_ROWS = 8;
const MAX_BARS = 300;
const MAX_LANES = 48;
const CROWD_STEPS = 400;
/** The checklist's unit for a storm: attempts per 100 ms. */
const CROWD_STEP_MS = 100;

export function lanesOf(history: HistoryView, request: LaneRequest): { lanes: Lane[]; leftOut: number } {
  const gates = groupedBy(spellsOf(history, request), ({ lane }) => lane);
  const sessions = groupedBy(sessionSpellsOf(history, request), ({ lane }) => lane);
  const ticks = ticksOf(history, request);
  const connections = ranked(gates, request.because).map(([name, spells]) =>
    laneOf(name, 'connections', spells, request, ticks.get(name)),
  );
  // What gates saw of a session is what happened; where none was in the path, or it was turned away, our own word is all there is.
  const own = ranked(sessions, request.because)
    .filter(([, spells]) => gates.size === 0 || spells.some(({ state }) => state !== 'open'))
    .map(([name, spells]) => laneOf(name, 'sessions', spells, request, undefined));
  const processes = processLanesOf(history, request, new Set(gates.keys()));
  const room = Math.max(1, MAX_LANES - own.length - processes.length);
  const lanes = [...processes, ...connections.slice(0, room), ...own].slice(0, MAX_LANES);
  return { lanes, leftOut: processes.length + connections.length + own.length - lanes.length };
}

/** Lanes of one family together and by number, families that verdicts rest on first. */
function ranked(lanes: ReadonlyMap<string, readonly Spell[]>, because: ReadonlySet<number>) {
  const weight = new Map<string, number>();
  const family = (name: string) => name.replace(/-far$/, '').replace(/[-\d]+$/, '');
  for (const [name, spells] of lanes) {
    const rests = spells.filter(({ seqs }) => seqs.some((seq) => because.has(seq))).length;
    weight.set(family(name), (weight.get(family(name)) ?? 0) + rests);
  }
  const first = new Map([...weight.keys()].map((name, index) => [name, index]));
  return [...lanes].sort(([a], [b]) => {
    const [one, other] = [family(a), family(b)];
    if (one === other) return a.localeCompare(b, 'en', { numeric: true });
    return (weight.get(other) ?? 0) - (weight.get(one) ?? 0) || (first.get(one) ?? 0) - (first.get(other) ?? 0);
  });
}

function laneOf(
  name: string,
  kind: Lane['kind'],
  spells: readonly Spell[],
  request: LaneRequest,
  ticks: Ticks = {},
): Lane {
  const rows = packed(spells);
  const used = Math.max(1, ...rows.map((row) => row + 1));
  const label = laneName(name);
  if (used > MAX_ROWS || spells.length > MAX_BARS)
    return { name: label, kind, rows: 3, bars: [], crowd: crowdOf(spells, request), ticks, marks: [] };
  const bars = spells.map(({ fromMs, toMs, state, by, how, words }, index) => ({
    row: rows[index] ?? 0,
    fromMs,
    toMs,
    state,
    by,
    how,
    words,
  }));
  return { name: label, kind, rows: used, bars, ticks, marks: [] };
}

/** Of the two gates of a path the one beside the server is called `-far`. */
export function laneName(gate: string): string {
  return gate.endsWith('-far') ? `${gate.slice(0, -4)} (server side)` : gate;
}

/** The first row that is free when a spell begins. */
function packed(spells: readonly Spell[]): number[] {
  const freeAt: number[] = [];
  return spells.map(({ fromMs, toMs }) => {
    const free = freeAt.findIndex((until) => until <= fromMs);
    const row = free === -1 ? freeAt.length : free;
    freeAt[row] = Math.max(toMs, fromMs + 1);
    return row;
  });
}

function crowdOf(spells: readonly Spell[], { spanMs }: LaneRequest): Crowd {
  const stepMs = CROWD_STEP_MS * Math.max(1, Math.ceil(spanMs / CROWD_STEP_MS / CROWD_STEPS));
  const steps = Math.ceil(spanMs / stepMs) + 1;
  const [began, inVain, change] = [0, 1, 2].map(() => new Array<number>(steps).fill(0)) as [
    number[],
    number[],
    number[],
  ];
  const add = (list: number[], atMs: number, n: number) => {
    const index = Math.min(steps - 1, Math.floor(atMs / stepMs));
    list[index] = (list[index] ?? 0) + n;
  };
  for (const { fromMs, toMs, state } of spells) {
    add(began, fromMs, 1);
    if (state !== 'open') add(inVain, fromMs, 1);
    add(change, fromMs, 1);
    add(change, toMs, -1);
  }
  let there = 0;
  const open = change.map((n) => {
    there += n;
    return there;
  });
  return { stepMs, began, inVain, open };
}
