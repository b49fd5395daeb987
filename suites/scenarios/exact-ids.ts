import { nowMs } from '../../harness/clock.js';
import type { ScriptedStream } from '../../harness/drivers/sse-scripted.js';
import { dataOf, eventOf, type Play } from './exact-play.js';

/** In milliseconds; who heeds it comes back soon. It stands within an event: a block without data would be one more case. */
const RETRY = 'retry: 300\n';

interface Case {
  /** What is special about the stream's end. */
  readonly name: string;
  readonly blocks: readonly string[];
  /** Of each id: what it is in this case; `right` is to be presented next. */
  readonly labels: ReadonlyMap<string, string>;
}

/** One stream for each make of ids; what the client presents on the next one is what it has kept. */
export async function playIds(play: Play): Promise<void> {
  let stream = await play.next();
  for (const { name, blocks, labels } of casesOf(play)) {
    const given: ScriptedStream | undefined = stream && (await play.give(stream, blocks));
    if (!given) return;
    given.drop();
    const cutMs = nowMs();
    stream = await play.next();
    if (!stream) return;
    play.context.measure('presented', { case: name, is: play.presented(stream, labels), awayMs: nowMs() - cutMs });
  }
}

/** Some cannot write such an id into a header, and stay away: the first return, as that of `playIds` is after an id of digits. */
export const playUtf8 = firstReturn('UTF-8', (play) => {
  const id = `zwölf ☃ ${play.nextId()}`;
  return { blocks: [eventOf(id, RETRY)], labels: new Map([[id, 'right']]) };
});

export const playNul = firstReturn('NUL', (play) => {
  const [a, b] = [play.nextId(), play.nextId()];
  const held = 'the one with a NUL in it';
  const labels = new Map([
    [String(a), 'right'],
    [String(b), held],
    [`${b}\0`, held],
  ]);
  return { blocks: [eventOf(a, RETRY), `id: ${b}\0\ndata: ${dataOf(b)}\n\n`], labels };
});

function firstReturn(name: string, make: (play: Play) => Omit<Case, 'name'>) {
  return async (play: Play): Promise<void> => {
    const stream = await play.next();
    if (!stream) return;
    const { blocks, labels } = make(play);
    const given = await play.give(stream, blocks);
    if (!given) return;
    given.drop();
    const cutMs = nowMs();
    const next = await play.next();
    const is = next ? play.presented(next, labels) : 'away';
    play.context.measure('presented', { case: name, is, awayMs: nowMs() - cutMs });
  };
}

function casesOf(play: Play): Case[] {
  const one = (name: string, blocks: (first: number, second: number) => readonly string[], second: string): Case => {
    const [a, b] = [play.nextId(), play.nextId()];
    const labels = new Map([
      [String(a), second === 'right' ? 'an older one' : 'right'],
      [String(b), second],
    ]);
    return { name, blocks: [eventOf(a, RETRY), ...blocks(a, b)], labels };
  };
  const kept = one('kept', (_, b) => [eventOf(b), `data: ${dataOf('without id')}\n\n`], 'right');
  const spaced = `a b ${play.nextId()}`;
  const reset = play.nextId();
  return [
    kept,
    // Comments alone: no blank line, so that nothing is dispatched [WHATWG HTML 9.2.6].
    { name: 'still', blocks: [], labels: kept.labels },
    one('cut', (_, b) => [`id: ${b}\ndata: ${dataOf(b)}\n`], 'that of the event that was cut'),
    { name: 'spaces', blocks: [eventOf(spaced, RETRY)], labels: new Map([[spaced, 'right']]) },
    {
      name: 'reset',
      blocks: [eventOf(reset, RETRY), `id:\ndata: ${dataOf('reset')}\n\n`],
      labels: new Map([[String(reset), 'an older one']]),
    },
    // Last, since it is the least: no browser's alone is bound to it.
    one('alone', (_, b) => [`id: ${b}\n\n`], 'right'),
  ];
}
