import type { EventBody, EventOf, Finding, HistoryView } from './contract.js';
import { FLOODED, isLimited, isSent, NOT_ALL_KEPT } from './event-limit.js';

/** A view that tells which types of events were asked for. */
export function watched(view: HistoryView): {
  readonly view: HistoryView;
  readonly read: ReadonlySet<EventBody['type']>;
} {
  const read = new Set<EventBody['type']>();
  return {
    read,
    view: {
      ...view,
      of: (type) => {
        read.add(type);
        return view.of(type);
      },
      get events() {
        read.add('message').add('connection');
        return view.events;
      },
    },
  };
}

/**
 * What a target sent too much of was not kept (event-limit.ts), so what rests on it is not known. A failure of connections that were
 * all seen before stands. Where our own clock was late, nothing that failed is known to be the target's doing.
 */
export function undecidedBy(
  view: HistoryView,
  read: ReadonlySet<EventBody['type']>,
  { outcome, because = [] }: Finding,
): EventOf<'obstacle'> | undefined {
  if (outcome !== 'pass' && outcome !== 'fail') return undefined;
  const said = view.of('obstacle');
  const limit = said.find(({ code }) => code === FLOODED) ?? said.find(({ code }) => code === NOT_ALL_KEPT);
  if (!limit) return undefined;
  if (outcome === 'fail' && limit.code === FLOODED) return limit;
  if (![...read].some(isLimited)) return undefined;
  const seen = outcome === 'fail' && because.length > 0 && because.every(({ t }) => t < limit.t);
  return seen && ![...read].some(isSent) ? undefined : limit;
}
