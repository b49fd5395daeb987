import { EventDecoder } from './event-decoder';

/** What comes of these pieces: events as [id, type, data], hints, stray lines, and the last event ID. */
function decoded(...pieces: (string | Buffer)[]) {
  const events: unknown[] = [];
  const other: unknown[] = [];
  const decoder = new EventDecoder(
    {
      event: ({ id, type, data }) => events.push([id, type, data]),
      retry: (ms) => other.push(ms),
      stray: (line) => other.push(line),
    },
    '0',
  );
  for (const piece of pieces) decoder.feed(typeof piece === 'string' ? Buffer.from(piece) : piece);
  return { events, other, last: decoder.lastEventId };
}

test.each([
  ['joins data lines, takes one space away, and may have no value', 'data:  a\ndata\ndata:b\n\n', ' a\n\nb'],
  ['ends lines with CR, LF and CRLF alike', 'data: a\rdata: b\r\ndata: c\n\r\n', 'a\nb\nc'],
  ['leaves out a BOM at the start', '\ufeffdata: x\n\n', 'x'],
  ['ignores comments', ': data: no\ndata: x\n:\n\n', 'x'],
  ['gives an empty message where data is there and empty', 'data:\n\n', ''],
])('%s', (_, text, data) => {
  expect(decoded(text).events).toEqual([[undefined, 'message', data]]);
  const bytes = [...Buffer.from(text)].map((byte) => Buffer.of(byte));
  expect(decoded(...bytes).events).toEqual([[undefined, 'message', data]]);
});

test('a block without data gives no event, and its id counts; one with NUL does not; an empty one forgets', () => {
  expect(decoded('id: 1\ndata: a\n\nevent: x\nid: 2\n\n')).toMatchObject({
    events: [['1', 'message', 'a']],
    last: '2',
  });
  expect(decoded('id: 1\0\ndata: a\n\n')).toMatchObject({ events: [[undefined, 'message', 'a']], last: '0' });
  expect(decoded('id\nevent: x\ndata: a\n\n')).toMatchObject({ events: [['', 'x', 'a']], last: '' });
});

test('half an event is no event, and its id does not count', () => {
  expect(decoded('id: 1\ndata: a\n')).toEqual({ events: [], other: [], last: '0' });
});

test('a hint is digits only, and what is no field is told', () => {
  expect(decoded('retry: 300\nretry: 3s\nretry:\n<html>\n').other).toEqual([300, '<html>']);
});
