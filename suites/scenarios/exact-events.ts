import type { ScriptedStream } from '../../harness/drivers/sse-scripted.js';
import { keyOf } from '../../harness/id-field.js';
import { dataOf, eventOf, type Play } from './exact-play.js';

const RETRY = 'retry: 300\n';
/** As many plain events show whether the client says what it sees. */
const PLAIN = 6;
const MIB = 1024 * 1024;
const SETTLE_MS = 2000;
/** Who reports it tells events by their data. */
export const WITHOUT_ID = 'without an id';
/** Its own blank lines may be told as an event that is empty, under its id. */
export const CR_LINES = 'lines that end in CR';
export const LARGE = 'an event of 1 MiB';
/** One of them may come under the id of the other. */
const UNJUDGED = new Set([WITHOUT_ID, 'before one without']);

interface Cut {
  readonly where: string;
  readonly half: (id: number) => readonly (Buffer | string)[];
  /** In the middle of the body, or at its orderly end: there a parser may think that it should use up the rest. */
  readonly how: 'drop' | 'end';
}

// What was cut is in the application's hands if it is seen there: its first data line is whole JSON.
const CUTS: readonly Cut[] = [
  { where: 'between its data lines', half: (id) => [`id: ${id}\ndata: ${dataOf(id)}\n`, 'da'], how: 'drop' },
  {
    where: 'in the middle of a character',
    half: (id) => [`id: ${id}\ndata: `, torn(dataOf(`sn☃w ${id}`))[0]],
    how: 'drop',
  },
  { where: 'before its blank line', half: (id) => [`id: ${id}\ndata: ${dataOf(id)}\n`], how: 'end' },
  { where: 'behind its data', half: (id) => [`id: ${id}\ndata: ${dataOf(id)}`], how: 'end' },
];

/** Events in every form that the standard allows, then events that are cut; each is sent whole at the client's return. */
export async function playWhole(play: Play): Promise<void> {
  let stream = await play.next();
  for (const { name, id, pieces } of formsOf(play)) {
    if (!stream || stream.gone) stream = await play.next();
    if (!stream) return;
    tell(play, UNJUDGED.has(name) ? 'between' : 'form', name, id);
    const alone = await play.send(stream, pieces);
    play.context.measure('sent', { name, pieces: pieces.length, alone });
  }
  // Who cannot bear the last of them leaves a moment later.
  await play.read();
  for (const { where, half, how } of CUTS) {
    if (!stream || stream.gone) stream = await play.next();
    if (!stream) return;
    stream = await cut(play, stream, { where, half, how });
  }
  await play.context.watch(SETTLE_MS);
}

async function cut(play: Play, stream: ScriptedStream, { where, half, how }: Cut): Promise<ScriptedStream | undefined> {
  const [before, id] = [play.nextId(), play.nextId()];
  tell(play, 'between', 'plain', before);
  await play.send(stream, [eventOf(before, RETRY)]);
  tell(play, 'half', where, id);
  await play.hold(stream);
  await play.send(stream, half(id));
  await play.read();
  // Who left by itself has seen no cut.
  if (!stream.gone) tell(play, 'cut', where, id);
  stream[how]();
  const next = await play.next();
  if (next) {
    // Without an id of its own: where half an event was kept, this one is joined to it and comes under its id.
    const behind = play.nextId();
    tell(play, 'behind', where, behind);
    await play.send(next, [withoutId(behind)]);
    await play.read();
  }
  tell(play, 'whole', where, id);
  if (next) await play.send(next, [eventOf(id, RETRY)]);
  return next;
}

function withoutId(id: number): string {
  return `data: ${dataOf(id)}\n\n`;
}

/** What an application would name it: the same as number and as text. */
function tell(
  { context }: Play,
  what: 'form' | 'between' | 'half' | 'cut' | 'behind' | 'whole',
  name: string,
  id: number | string,
): void {
  const scalar = typeof id === 'number' ? id : context.observer.scalar(id);
  context.measure('event', { what, name, key: scalar === undefined ? '' : keyOf(scalar) });
}

function formsOf(play: Play) {
  const forms: {
    readonly name: string;
    readonly id: number | string;
    readonly pieces: readonly (Buffer | string)[];
  }[] = [];
  const add = (name: string, pieces: (id: number) => readonly (Buffer | string)[], text?: (id: number) => string) => {
    const id = play.nextId();
    forms.push({ name, id: text?.(id) ?? id, pieces: pieces(id) });
  };
  add('a byte order mark first', (id) => [`\uFEFFdata: ${dataOf(id)}\nid: ${id}\n${RETRY}\n`]);
  for (let i = 0; i < PLAIN; i++) add('plain', (id) => [eventOf(id, RETRY)]);
  add('before one without', (id) => [eventOf(id)]);
  add(WITHOUT_ID, (id) => [withoutId(id)]);
  add('CR and LF in two packets', (id) => [
    ...[`id: ${id}\r\ndata: {"type": "message",\r`, `\ndata: "seq": ${id}}\r`, '\n\r', '\n'],
  ]);
  // Its own blank lines keep those who know no CR from taking the next event for its rest.
  add(CR_LINES, (id) => [`id: ${id}\rdata: {"type": "message",\r`, `data: "seq": ${id}}\r`, '\r', '\n\n']);
  add('one byte a packet', (id) =>
    [...Buffer.from(`id: ${id}\ndata: {"seq":${id}}\n\n`)].map((byte) => Buffer.from([byte])),
  );
  const snow = (id: number) => `sn☃w-${id}`;
  add(
    'characters in two packets',
    (id) => [...torn(`id: ${snow(id)}\n`), ...torn(`data: ${dataOf(snow(id))}\n\n`)],
    snow,
  );
  add(LARGE, (id) => [`id: ${id}\ndata: ${JSON.stringify({ type: 'message', seq: id, data: 'x'.repeat(MIB) })}\n\n`]);
  return forms;
}

/** In two in the middle of the first character of three bytes. */
function torn(text: string): [Buffer, Buffer] {
  const bytes = Buffer.from(text);
  const at = bytes.findIndex((byte) => byte >= 0xe0) + 1;
  return [bytes.subarray(0, at), bytes.subarray(at)];
}
