import type { ServerResponse } from 'node:http';
import { every, nowMs } from '../clock.js';
import type { HistoryEvent } from '../contract.js';
import type { Lane } from './lanes.js';
import type { LiveSession } from './live-session.js';

const STATE_MS = 500;
const BEAT_MS = 2000;
/** A page that does not read is not written to without end. */
const MOST_UNREAD_BYTES = 4 * 1024 * 1024;

/**
 * What a page is told, as Server-Sent Events: `hello` once, then `state` twice a second with the lanes that have changed,
 * `log` with the events since the last one, `verdicts` when they are others, and `beat`, which it answers.
 */
export function streamTo(
  response: ServerResponse,
  session: LiveSession,
  { page, log }: { readonly page: string; readonly log: EventLog },
): Disposable {
  const told = new Map<number, string>();
  let verdicts: unknown;
  let lastSeq = log.firstSeq - 1;
  const send = (event: string, facts: unknown) => response.write(`event: ${event}\ndata: ${JSON.stringify(facts)}\n\n`);

  const state = () => {
    const lanes = session.lanes.lanes(nowMs());
    const changed = lanes.filter((lane) => differs(told, lane));
    const there = new Set(lanes.map(({ conn }) => conn));
    const gone = [...told.keys()].filter((conn) => !there.has(conn));
    for (const conn of gone) told.delete(conn);
    send('state', {
      t: Math.round(session.ageMs),
      totals: session.lanes.totals(nowMs()),
      acts: session.hands.inForce,
      lanes: changed,
      gone,
    });
  };

  const tell = () => {
    if (response.writableLength > MOST_UNREAD_BYTES) return void response.destroy();
    state();
    const events = log.since(lastSeq);
    lastSeq = events.at(-1)?.seq ?? lastSeq;
    if (events.length > 0) send('log', events);
    if (session.verdicts === verdicts) return;
    verdicts = session.verdicts;
    send('verdicts', verdicts);
  };

  send('hello', { page });
  tell();
  const telling = every(STATE_MS, tell);
  const beating = every(BEAT_MS, () => void send('beat', {}));
  return {
    [Symbol.dispose]() {
      telling[Symbol.dispose]();
      beating[Symbol.dispose]();
    },
  };
}

function differs(told: Map<number, string>, lane: Lane): boolean {
  const text = JSON.stringify(lane);
  if (told.get(lane.conn) === text) return false;
  told.set(lane.conn, text);
  return true;
}

const KEPT = 5000;

/** The last events that are no messages. */
export class EventLog {
  private readonly events: HistoryEvent[] = [];

  take(event: HistoryEvent): void {
    // Our own health is for the history.
    if (event.type === 'loop') return;
    this.events.push(event);
    // Not one by one: in a storm each would move all the others.
    if (this.events.length >= 2 * KEPT) this.events.splice(0, this.events.length - KEPT);
  }

  get firstSeq(): number {
    return this.events.at(-KEPT)?.seq ?? this.events[0]?.seq ?? 1;
  }

  since(seq: number): readonly HistoryEvent[] {
    // Most of the time the new ones are few.
    let at = this.events.length;
    while (at > 0 && (this.events[at - 1]?.seq ?? 0) > seq) at -= 1;
    return this.events.slice(Math.max(at, this.events.length - KEPT));
  }
}
