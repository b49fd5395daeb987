import type { EventOf, HistoryView } from '../contract.js';
import { eventWords } from './event-words.js';
import { groupedBy } from './grouped.js';
import type { Lane, LaneRequest } from './picture-lanes.js';

/** An exit this soon before we end the process is part of our clearing up. */
const CLEARING_MS = 1000;

/** Lives of the processes that have no lane of connections, and what happened to them. */
export function processLanesOf(history: HistoryView, { at, spanMs }: LaneRequest, gates: ReadonlySet<string>): Lane[] {
  const byProcess = groupedBy(history.of('process'), ({ process }) => process);
  return [...byProcess]
    .filter(([name, events]) => !gates.has(name) || events.some(isNews(events)))
    .map(([name, events]) => {
      const bars = livesOf(events).map(([from, to], index, all) => ({
        row: 0,
        fromMs: at(from.t),
        toMs: to ? at(to.t) : spanMs,
        state: 'open' as const,
        by: '',
        how: '',
        words: `process ${name}${all.length > 1 ? `, life ${index + 1}` : ''}`,
      }));
      const marks = events
        .filter(isNews(events))
        .map((event) => ({ atMs: at(event.t), words: eventWords(event), bad: event.what === 'crash' }));
      return { name: `process ${name}`, kind: 'process', rows: 1, bars, ticks: {}, marks };
    });
}

/** From each start to the end that followed. */
function livesOf(events: readonly EventOf<'process'>[]): [EventOf<'process'>, EventOf<'process'> | undefined][] {
  return events
    .filter(({ what }) => what === 'spawn')
    .map((spawn) => {
      const next = events.find(({ what, t }) => what === 'spawn' && t > spawn.t)?.t ?? Number.POSITIVE_INFINITY;
      return [
        spawn,
        events.find(({ what, t }) => t > spawn.t && t < next && ['exit', 'crash', 'killed'].includes(what)),
      ];
    });
}

function isNews(events: readonly EventOf<'process'>[]): (event: EventOf<'process'>) => boolean {
  const killed = events.filter(({ what }) => what === 'killed');
  return ({ what, t }) =>
    what === 'signal' ||
    what === 'crash' ||
    what === 'port-gone' ||
    (what === 'exit' && !killed.some((kill) => Math.abs(kill.t - t) < CLEARING_MS));
}
