import type { EventOf, HistoryView } from '../../harness/contract.js';
import { isExact } from '../../harness/id-field.js';
import { heardBy } from '../shared/idle-evidence.js';

type Message = EventOf<'message'>;

export interface Heartbeat {
  readonly kind: 'comment' | 'named event' | 'message';
  readonly event: Message;
}

/** A heartbeat comes where nothing else did; among other messages an empty one may be the application's (an empty line of a log). */
const SILENCE_MS = 5000;
/** A word of welcome is no heartbeat. */
const WELCOME_MS = 1000;

export function heartbeatsOf(history: HistoryView, scale: number): Heartbeat[] {
  const words = wordsOf(history);
  return history.measures('watched').flatMap((watched) => {
    const fromAt = watched.t - Number(watched.facts.forMs) + WELCOME_MS * scale;
    const beats = beatsIn(heardBy(history, watched).own, watched, words, SILENCE_MS * scale);
    return beats.filter(({ event }) => event.t > fromAt);
  });
}

interface Words {
  readonly beats: ReadonlySet<string>;
  /** The name of an event without one. */
  readonly unnamed: unknown;
}

function wordsOf(history: HistoryView): Words {
  const words = history.measures('heartbeat words')[0]?.facts ?? {};
  return {
    beats: new Set(Object.values(words).map(String)),
    unnamed: history.measures('event names')[0]?.facts.message,
  };
}

function beatsIn(own: readonly Message[], watched: EventOf<'measure'>, words: Words, silenceMs: number): Heartbeat[] {
  let beforeAt = watched.t - Number(watched.facts.forMs);
  return own.flatMap((event): Heartbeat[] => {
    const silent = event.t - beforeAt >= silenceMs;
    beforeAt = event.t;
    const said = words.beats.has(event.hash);
    if (event.opcode === 'comment') return [{ kind: 'comment', event }];
    if (event.packet !== undefined || !(said || (silent && isBeat(event, words)))) return [];
    const name = event.fields?.event;
    const named = typeof name === 'object' && name !== null && name.hash !== words.unnamed;
    return [{ kind: named ? 'named event' : 'message', event }];
  });
}

/** Empty, `{}`, or it names itself. */
function isBeat({ form, fields = {} }: Message, { beats }: Words): boolean {
  const values = Object.entries(fields).filter(([pointer]) => pointer.startsWith('/') || pointer === 'event');
  return (
    form === 'empty' ||
    (form === 'json' && values.every(([pointer]) => pointer === 'event')) ||
    values.some(([at, value]) => typeof value === 'object' && value !== null && beats.has(value.hash) && !isExact(at))
  );
}
