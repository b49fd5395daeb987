import type { EventOf, HistoryView } from '../contract.js';
import { groupedBy } from './grouped.js';
import type { LaneRequest } from './picture-lanes.js';

export const TICK_KINDS = ['down', 'up', 'beatDown', 'beatUp', 'closeDown', 'closeUp'] as const;
export type TickKind = (typeof TICK_KINDS)[number];
/** When messages passed, each time as the difference to the one before. */
export type Ticks = Partial<Readonly<Record<TickKind, readonly number[]>>>;

/** Finer than a wide screen shows; a picture with more ticks than this is drawn on a coarser grid. */
const FINEST_STEPS = 1600;
const MAX_TICKS = 6000;

/** Messages by lane, kind and direction, as many as can be told apart. */
export function ticksOf(history: HistoryView, { at, spanMs }: LaneRequest): Map<string, Ticks> {
  const heartbeats = new Set(Object.values(history.measures('heartbeat words')[0]?.facts ?? {}).map(String));
  const byGate = groupedBy(history.of('message'), ({ gate }) => gate);
  const times = [...byGate].map(([gate, messages]) => {
    const kinds = groupedBy(messages, (message) => kindOf(message, heartbeats));
    return [gate, [...kinds].map(([kind, own]) => [kind, own.map(({ t }) => at(t))] as const)] as const;
  });
  let stepMs = Math.max(1, spanMs / FINEST_STEPS);
  const thinned = (all: readonly number[]) => [...new Set(all.map((t) => Math.round(t / stepMs)))];
  const count = () => times.flatMap(([, kinds]) => kinds.flatMap(([, all]) => thinned(all))).length;
  while (count() > MAX_TICKS && stepMs < spanMs) stepMs *= 2;
  return new Map(
    times.map(([gate, kinds]) => [
      gate,
      Object.fromEntries(
        kinds.map(([kind, all]) => [kind, differences(thinned(all).map((n) => Math.round(n * stepMs)))]),
      ),
    ]),
  );
}

function kindOf({ dir, opcode, packet, form, hash }: EventOf<'message'>, heartbeats: ReadonlySet<string>): TickKind {
  const isDown = dir === 'down';
  if (opcode === 'close') return isDown ? 'closeDown' : 'closeUp';
  const isControl = opcode === 'ping' || opcode === 'pong' || opcode === 'comment';
  if (isControl || packet === 'heartbeat' || form === 'empty' || heartbeats.has(hash))
    return isDown ? 'beatDown' : 'beatUp';
  return isDown ? 'down' : 'up';
}

function differences(times: readonly number[]): number[] {
  return times.map((t, index) => t - (times[index - 1] ?? 0));
}
