import type { EventBody, EventOf, HistoryEvent } from '../contract.js';
import { SESSION_GATE } from './names.js';

/** The code of the obstacle that stands where a past begins of which not all is there; its `t` is when. */
export const LET_GO = 'PAST_LET_GO';

/** A third of a KiB each, a message with many fields three times as much: 60 to 200 MB where they are judged. */
const MOST_EVENTS = 200_000;
/** So many go at a time: letting go looks at all of them. */
const AT_A_TIME = 50_000;
/** Of each kind that is kept for longer. They are made by hands, and a server on which 1,000 connections hang has as many a fault. */
const MOST_KEPT = 10_000;

/** Asked for however long ago they were: by what heartbeats are told, and what hands have done, of which a scenario is made. */
const LASTING_MEASURES: ReadonlySet<string> = new Set(['heartbeat words', 'event names', 'act']);
const LASTING: ReadonlySet<EventBody['type']> = new Set(['phase', 'process']);

/**
 * What of a session is there to be judged: its newest events, and of what came before them what others lean on, which is who was
 * connected, and what hands had done. A session may last for days and its clients may come as often as they like; on disk all of it is kept.
 */
export class RecentPast {
  private kept: readonly HistoryEvent[] = [];
  private recent: HistoryEvent[] = [];

  constructor(private readonly most = MOST_EVENTS) {}

  take(event: HistoryEvent): void {
    this.recent.push(event);
    if (this.recent.length >= this.most + Math.min(AT_A_TIME, this.most)) this.letGo();
  }

  /** In the order in which they came. */
  get events(): readonly HistoryEvent[] {
    return this.kept.length === 0 ? this.recent : [...this.kept, ...this.recent];
  }

  get last(): HistoryEvent | undefined {
    return this.recent.at(-1);
  }

  private letGo(): void {
    const old = this.recent.splice(0, this.recent.length - this.most);
    const last = old.at(-1);
    if (!last) return;
    const since = `${Math.round(last.t / 1000)} s after its begin`;
    const text = `more came than is kept in memory: what was before ${since} is on disk alone, and is not judged`;
    const here: HistoryEvent = {
      seq: last.seq,
      t: last.t,
      scenario: last.scenario,
      type: 'obstacle',
      code: LET_GO,
      text,
    };
    this.kept = [...lasting([...this.kept, ...old]), here];
  }
}

function lasting(old: readonly HistoryEvent[]): HistoryEvent[] {
  const [living, inForce] = [new Map<number, HistoryEvent[]>(), new Map<string, HistoryEvent>()];
  const [lasts, acts]: [HistoryEvent[], HistoryEvent[]] = [[], []];
  for (const event of old) {
    if ('gate' in event && event.gate !== SESSION_GATE) continue;
    if (event.type === 'connection' && event.what === 'start') living.set(event.conn, [event]);
    else if (event.type === 'connection' && event.what === 'end') living.delete(event.conn);
    else if (isServed(event)) {
      // When it was first served; of an HTTP/2 connection each call has an answer.
      const own = living.get(event.conn);
      if (own?.length === 1) own.push(event);
    } else if (event.type === 'fault') {
      const key = `${event.fault} ${event.who}`;
      if (event.what === 'inject') inForce.set(key, event);
      else if (event.what === 'heal') {
        const begun = inForce.get(key);
        inForce.delete(key);
        acts.push(...(begun ? [begun] : []), event);
      }
    } else if (LASTING.has(event.type) || (event.type === 'measure' && LASTING_MEASURES.has(event.name)))
      lasts.push(event);
  }
  const kept = [
    ...[...living.values()].flat(),
    ...inForce.values(),
    ...acts.slice(-MOST_KEPT),
    ...lasts.slice(-MOST_KEPT),
  ];
  return kept.sort((a, b) => a.seq - b.seq);
}

/** The server has answered with a session or a message. */
export function isServed(event: HistoryEvent): event is EventOf<'handshake' | 'message'> {
  if (event.type === 'message') return event.dir === 'down';
  return event.type === 'handshake' && event.dir === 'down' && event.status !== undefined && event.status < 300;
}
