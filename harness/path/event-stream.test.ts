import { EventStreamReader, type StreamPart } from './event-stream.js';

/** What comes of these pieces, one after another. */
function read(...pieces: (string | Buffer)[]): StreamPart[][] {
  const parts: StreamPart[] = [];
  const reader = new EventStreamReader((part) => parts.push(part));
  return pieces.map((piece) => {
    reader.push(Buffer.from(piece));
    return parts.splice(0);
  });
}

const event = (data: string, envelope = {}): StreamPart => ({ kind: 'event', data, envelope });

describe('a reader of event streams', () => {
  test.each([
    ['LF', '\n'],
    ['CR', '\r'],
    ['CRLF', '\r\n'],
  ])('gives an event as soon as its blank line is there: %s', (_, end) => {
    const one = (n: number) => `id: ${n}${end}data: ${n}${end}${end}`;
    expect(read(one(1), one(2))).toEqual([[event('1', { id: '1' })], [event('2', { id: '2' })]]);
  });

  test('takes CR and LF in two pieces for one end of a line', () => {
    expect(read('data: a\r', '\ndata: b\r\n\r', '\ndata: c\r\n\r\n').flat()).toEqual([event('a\nb'), event('c')]);
  });

  test('joins a character from two pieces, and leaves a byte order mark out', () => {
    const bytes = Buffer.from('\uFEFFdata: ☃\n\n');
    expect(read(bytes.subarray(0, 10), bytes.subarray(10)).flat()).toEqual([event('☃')]);
  });

  test('tells of comments, of a retry time and of blocks that dispatch nothing', () => {
    expect(read(': beat\n\n', 'retry: 900\n\n', 'event: ping\n\n').flat()).toEqual([
      { kind: 'comment', text: 'beat' },
      { kind: 'quiet', retry: 900 },
      { kind: 'quiet' },
    ]);
  });

  test.each([
    ['a line', 'x'.repeat(2 ** 20)],
    ['an event', `data: ${'x'.repeat(2 ** 20)}\n`],
  ])('refuses %s that never ends', (_, piece) => {
    const reader = new EventStreamReader(() => {});
    const push = () => {
      for (let i = 0; i < 9; i++) reader.push(Buffer.from(piece));
    };
    expect(push).toThrow('an event over 8 MiB');
  });

  test('gives nothing of half an event', () => {
    expect(read('data: whole\n\ndata: ha').flat()).toEqual([event('whole')]);
  });
});
