import { isExact, isPartOfTime } from './id-field.js';
import { numberOf, type Seen } from './sequence.js';

/** A heartbeat names itself, is empty, or is one of very few texts said over and over. */
const HEARTBEAT_WORDS = ['ping', 'pong', 'heartbeat', 'heart_beat', 'keepalive', 'keep-alive', 'hb'];

/** Messages that are neither heartbeats nor empty. `words` are keyed hashes of the heartbeat names, by the run's own key. */
export function countable<T extends Seen>(messages: readonly T[], heartbeats: ReadonlySet<string>): T[] {
  const said = messages.filter((message) => {
    if (message.form === 'empty' || message.packet !== undefined) return false;
    // `{}` says nothing but "I am here" (Centrifugo's ping).
    if (message.form === 'json' && saysNothing(message.fields)) return false;
    if (heartbeats.has(message.hash)) return false;
    // A batch may have a heartbeat in it and is none.
    return !Object.entries(message.fields ?? {}).some(
      ([pointer, value]) =>
        typeof value === 'object' && value !== null && heartbeats.has(value.hash) && !isExact(pointer),
    );
  });
  // Where nothing else is said, the time is the message.
  const more = said.filter(({ fields }) => !tellsOnlyTime(fields));
  return more.length >= said.length / 2 ? more : said;
}

/** Milliseconds or finer of this century, or a google.protobuf.Timestamp. */
function tellsOnlyTime(fields: Seen['fields'] = {}): boolean {
  const said = Object.entries(fields).filter(([, value]) => value !== null);
  const pointers = new Set(Object.keys(fields));
  return (
    said.length > 0 &&
    said.every(([pointer, value]) => {
      const number = numberOf(value) ?? 0;
      return (
        [1, 1e3, 1e6].some((unit) => number > 1e12 * unit && number < 4.2e12 * unit) || isPartOfTime(pointer, pointers)
      );
    })
  );
}

/** Nothing stands in it, or only in an object that is named for a heartbeat. */
function saysNothing(fields: Seen['fields'] = {}): boolean {
  const said = Object.entries(fields).filter(([, value]) => value !== null);
  return said.every(([pointer]) => HEARTBEAT_WORDS.includes(/^\/([^/]+)\/./.exec(pointer)?.[1]?.toLowerCase() ?? ''));
}

export function heartbeatHashes(hash: (text: string) => string): Set<string> {
  const spelled = HEARTBEAT_WORDS.flatMap((word) => [word, word.toUpperCase(), word[0]?.toUpperCase() + word.slice(1)]);
  return new Set(spelled.map(hash));
}
