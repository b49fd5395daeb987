import { countable } from './heartbeats.js';
import { idsIn as allIdsIn, type IdField, idsAt, rawId } from './id-field.js';
import { createObserver } from './path/observer.js';
import { type Seen, streamOf } from './sequence.js';

const EPOCH_MS = 1_790_000_000_000;

function messages(count: number, fields: (i: number) => Seen['fields'], from = 0, everyMs = 100): Seen[] {
  return Array.from({ length: count }, (_, n) => {
    const i = from + n;
    return { form: 'json', hash: `m${i}`, t: i * everyMs, fields: fields(i) ?? {} };
  });
}

/** The second session joined eight messages later. */
const both = (fields: (i: number) => Seen['fields']) => [messages(60, fields), messages(52, fields, 8)] as const;

describe('the id of a stream', () => {
  test('is a dense number that both sessions see for the same message', () => {
    const [left, right] = both((i) => ({ '/seq': 100 + i, '/price': i % 7 }));
    expect(streamOf(left, { other: right })).toMatchObject({ field: { pointer: '/seq' }, kind: 'dense', coverage: 1 });
  });

  test('is not a timestamp', () => {
    const [left, right] = both((i) => ({ '/at': EPOCH_MS + i * 100, '/seconds': EPOCH_MS / 1000 + i / 10 }));
    expect(streamOf(left, { other: right }).kind).toBe('none');
  });

  test('is not a timestamp in whole seconds that happens to be dense', () => {
    const left = messages(60, (i) => ({ '/at': EPOCH_MS / 1000 + i }), 0, 1000);
    expect(streamOf(left, { other: left.slice(8) }).kind).toBe('none');
  });

  test('may be a time where it stands in the id of the event, which is what clients present', () => {
    const [left, right] = both((i) => ({ id: EPOCH_MS + i * 100 }));
    expect(streamOf(left, { other: right })).toMatchObject({ field: { pointer: 'id' }, kind: 'time' });
    // Each connection drew its own.
    const apart = messages(52, (i) => ({ id: EPOCH_MS + i * 100 + 7 }), 8);
    expect(streamOf(left, { other: apart }).kind).toBe('none');
  });

  test('is not a counter of the connection', () => {
    const left = messages(60, (i) => ({ '/n': i }));
    const right = messages(52, (i) => ({ '/n': i - 8 }), 8);
    expect(streamOf(left, { other: right }).kind).toBe('none');
  });

  test('is not what a client of ours sent', () => {
    const [left, right] = both((i) => ({ '/id': { hash: `h${i}`, length: 16 } }));
    const own = new Set(Array.from({ length: 60 }, (_, i) => `sh${i}`));
    expect(streamOf(left, { other: right, own }).kind).toBe('none');
    expect(streamOf(left, { other: right }).kind).toBe('opaque');
  });

  test('may have the number of a request of ours among many', () => {
    const [left, right] = both((i) => ({ '/seq': i }));
    expect(streamOf(left, { other: right, own: new Set(['1']) })).toMatchObject({ field: { pointer: '/seq' } });
  });

  test('may be text that holds a number', () => {
    const [left, right] = both((i) => ({ '/offset': { hash: `h${i}`, length: 3, number: 500 + i } }));
    expect(streamOf(left, { other: right })).toMatchObject({ field: { pointer: '/offset' }, kind: 'dense' });
  });

  test('is the declared one, by name or pointer', () => {
    const [left] = both((i) => ({ '/push/pub/offset': i * 3, '/seq': i }));
    expect(streamOf(left, { declared: 'offset' })).toMatchObject({
      field: { pointer: '/push/pub/offset' },
      kind: 'declared',
    });
    expect(streamOf(left, { declared: '/push/pub/offset' })).toMatchObject({
      field: { pointer: '/push/pub/offset' },
    });
    expect(streamOf(left, { declared: 'missing' }).kind).toBe('none');
  });

  test('cannot be looked for where nothing is JSON', () => {
    const left: Seen[] = Array.from({ length: 60 }, (_, i) => ({ form: 'opaque', hash: `m${i}` }));
    expect(streamOf(left).kind).toBe('undecodable');
  });
});

const idsIn = (fields: Seen['fields'], pointer: string) => allIdsIn(fields, { pointer }).map(({ scalar }) => scalar);

describe('a message of several', () => {
  test('carries the ids of its arrays in order, but not a summary beside them', () => {
    const fields = {
      '/connect/offset': 30,
      '/connect/pubs/0/offset': 28,
      '/connect/pubs/1/offset': 29,
      '/connect/pubs/1/n': 5,
    };
    expect(idsIn(fields, '/push/pub/offset')).toEqual([28, 29]);
    expect(idsIn({ '/push/pub/offset': 31 }, '/push/pub/offset')).toEqual([31]);
    expect(idsIn(fields, '')).toEqual([]);
  });

  test('and a greeting before the stream does not lower its coverage', () => {
    const greeting: Seen = { form: 'json', hash: 'g', t: 0, fields: { '/id': 1 } };
    const stream = [greeting, ...messages(60, (i) => ({ '/n': 100 + i }))];
    expect(streamOf(stream, { declared: 'n' })).toMatchObject({ field: { pointer: '/n' }, coverage: 1 });
    expect(streamOf(stream, { other: stream.slice(9) })).toMatchObject({ field: { pointer: '/n' }, kind: 'dense' });
  });
});

/** As it comes off the wire: JSON, seen by two sessions of which one joined later. */
function streamed(texts: readonly string[]) {
  const observer = createObserver('key');
  const seen = texts.map((text, i): Seen => ({ ...observer.payload(Buffer.from(text), false), t: i * 100 }));
  return streamOf(seen, { other: seen.slice(8) });
}

const numbered = (form: (i: number) => unknown) => Array.from({ length: 60 }, (_, i) => JSON.stringify(form(i)));
const ulid = (i: number) => `01J8ZQ4K${'ABCDEFGHJKMNPQRSTVWXYZ'[i % 22]}${String(i).padStart(17, '0')}`;

describe('ids of other forms', () => {
  test.each<[string, (i: number) => unknown, object]>([
    ['a ULID', (i) => ({ id: ulid(i), text: 'hi' }), { field: { pointer: '/id' }, kind: 'opaque' }],
    [
      'an entry of a Redis stream',
      (i) => ({ id: `1700000000-${i}`, v: i % 3 }),
      { field: { pointer: '/id' }, kind: 'opaque' },
    ],
    [
      'a number in an envelope',
      (i) => ({ type: 'event', payload: { id: 70 + i, at: EPOCH_MS + i * 100 } }),
      { field: { pointer: '/payload/id' }, kind: 'dense' },
    ],
    ['a place in a tuple', (i) => ['trade', 500 + i, { price: i % 9 }], { field: { pointer: '/1' }, kind: 'dense' }],
    [
      'a vector clock',
      (i) => ({ clock: { a: Math.ceil(i / 2), b: Math.floor(i / 2) }, v: 'x' }),
      { field: { pointer: '/clock' }, kind: 'opaque' },
    ],
    [
      'a counter for each topic',
      (i) => ({ topic: i % 3 === 0 ? 'a' : 'b', n: i % 3 === 0 ? i / 3 : i - Math.floor(i / 3) }),
      { field: { pointer: '/n', by: '/topic' }, kind: 'dense' },
    ],
    [
      'a batch',
      (i) => ({ events: [{ id: 2 * i }, { id: 2 * i + 1 }] }),
      { field: { pointer: '/events/id' }, kind: 'dense' },
    ],
    ['a batch of ULIDs', (i) => [{ id: ulid(2 * i) }, { id: ulid(2 * i + 1) }], { field: { pointer: '/id' } }],
    ['one of two, and the numbers count', (i) => ({ id: ulid(i), seq: i }), { field: { pointer: '/seq' } }],
  ])('%s is found', (_, form, expected) => {
    expect(streamed(numbered(form))).toMatchObject({ ...expected, coverage: 1 });
  });

  test.each<[string, (i: number) => unknown]>([
    ['prices that move up and down', (i) => ({ quote: { bid: 100 + (i % 5), ask: 103 + (i % 7) } })],
    ['a few values over and over', (i) => ({ topic: i % 2, n: i % 10 })],
  ])('%s are none', (_, form) => {
    expect(streamed(numbered(form)).kind).toBe('none');
  });

  test('a single message and a batch, also one line each, are one stream', () => {
    const texts = Array.from({ length: 40 }, (_, i) =>
      i % 4 === 0
        ? `{"id":${2 * i}}\n{"id":${2 * i + 1}}\n`
        : i % 2 === 0
          ? `[{"id":${2 * i}},{"id":${2 * i + 1}}]`
          : '',
    ).filter((text) => text !== '');
    const single = texts.flatMap((text, i) => [text, `{"id":${4 * i + 2}}`, `{"id":${4 * i + 3}}`]);
    expect(streamed(single)).toMatchObject({ field: { pointer: '/id' }, kind: 'dense', coverage: 1 });
  });

  test('what the resume slot names goes before numbers', () => {
    const observer = createObserver('key');
    const seen = numbered((i) => ({ eventId: ulid(i), total: i })).map(
      (text, i): Seen => ({ ...observer.payload(Buffer.from(text), false), t: i * 100 }),
    );
    const resume = { in: 'query', name: 'lastEventId', value: '{id}' } as const;
    expect(streamOf(seen, { other: seen.slice(8), resume })).toMatchObject({ field: { pointer: '/eventId' } });
    expect(streamOf(seen, { other: seen.slice(8) })).toMatchObject({
      field: { pointer: '/total' },
      others: ['/eventId'],
    });
  });

  test('the last of a batch is what a client presents', () => {
    const raw = (text: string, field: IdField) => rawId({ payload: Buffer.from(text) }, field);
    expect(raw('[{"id":1},{"id":"x2"}]', { pointer: '/id' })).toBe('x2');
    expect(raw('{"id":1}\n{"id":2}', { pointer: '/id' })).toBe('2');
    expect(raw('["e",17,{}]', { pointer: '/1' })).toBe('17');
    expect(raw('{"clock":{"a":1,"b":2}}', { pointer: '/clock' })).toBe('{"a":1,"b":2}');
    expect(raw('not JSON', { pointer: '/id' })).toBeUndefined();
  });

  test('are no parts of a google.protobuf.Timestamp', () => {
    const stamped = numbered((i) => ({
      at: { seconds: 1_790_000_000 + Math.floor(i / 5), nanos: 1_000_000 * (i + 1) },
    }));
    expect(streamed(stamped)).toMatchObject({ kind: 'none' });
  });

  test('are not there where null stands, and a heartbeat beside them is none', () => {
    const observer = createObserver('key');
    const mixed = numbered((i) =>
      i % 5 === 4
        ? { seq: null, [i % 2 === 0 ? 'heartbeat' : 'tick']: { at: 1_790_000_000_000 + i } }
        : { seq: 100 + i - Math.floor(i / 5) },
    ).map((text, i): Seen => ({ ...observer.payload(Buffer.from(text), false), t: i * 100 }));
    const seen = countable(mixed, new Set());
    expect(streamOf(seen, { other: seen.slice(8) })).toMatchObject({
      field: { pointer: '/seq' },
      kind: 'dense',
      coverage: 1,
    });
  });

  test('of a topic have its name in their key', () => {
    const field = { pointer: '/n', by: '/topic' };
    expect(idsAt({ '/topic': 1, '/n': 7 }, field)).toEqual([{ key: '1:7', group: '1', scalar: 7 }]);
    const batch = { '/0/topic': 1, '/0/n': 7, '/1/topic': 2, '/1/n': 7 };
    expect(idsAt(batch, field).map(({ key }) => key)).toEqual(['1:7', '2:7']);
  });
});
