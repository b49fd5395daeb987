import type { HistoryView, Target, Verdict } from '../contract.js';
import { ledgerOf } from '../ledger.js';

/** A message that was lost, came twice, or came behind a later one. */
export interface Stray {
  readonly kind: 'lost' | 'duplicated' | 'reordered';
  readonly lane: string;
  readonly atMs: number;
  readonly seq: number;
}

interface Request {
  readonly at: (t: number) => number;
  readonly verdicts: readonly Verdict[];
  readonly target: Target;
}

const KINDS = ['lost', 'duplicated', 'reordered'] as const;
const MAX_STRAYS = 200;

/**
 * Where each such message belongs, in the lane of the session that was cut. Verdicts are the checks' own: what none of them
 * counted is not marked.
 */
export function straysOf(history: HistoryView, { at, verdicts, target }: Request): Stray[] {
  const counted = KINDS.filter((kind) => verdicts.some(({ measured }) => Number(measured[kind] ?? 0) > 0));
  const calmTo = history.of('phase').find(({ phase }) => phase === 'fault')?.t;
  if (counted.length === 0 || calmTo === undefined) return [];
  const ledger = ledgerOf(history, {
    declared: target.sequence,
    resume: target.resume,
    calmTo,
    away: absencesOf(history),
  });
  if ('unknown' in ledger) return [];
  return counted
    .flatMap((kind) => ledger[kind].map(({ event }) => ({ kind, lane: VICTIM, atMs: at(event.t), seq: event.seq })))
    .slice(0, MAX_STRAYS);
}

const VICTIM = 'victim';

/** From each end that we made to the first message on a connection that began later. */
function absencesOf(history: HistoryView): { readonly from: number; readonly to: number }[] {
  const connections = history.of('connection').filter(({ gate }) => gate === VICTIM);
  const down = history.of('message').filter(({ gate, dir }) => gate === VICTIM && dir === 'down');
  return connections.flatMap((end) => {
    if (end.what !== 'end' || end.by !== 'gate') return [];
    const later = new Set(connections.filter(({ what, t }) => what === 'start' && t > end.t).map(({ conn }) => conn));
    const back = down.find(({ conn, t }) => later.has(conn) && t > end.t);
    return back ? [{ from: end.t, to: back.t }] : [];
  });
}
