import { idsIn, type Seen, streamOf } from './sequence.js';

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
    expect(streamOf(left, { other: right })).toMatchObject({ pointer: '/seq', kind: 'dense', coverage: 1 });
  });

  test('is not a timestamp', () => {
    const [left, right] = both((i) => ({ '/at': EPOCH_MS + i * 100, '/seconds': EPOCH_MS / 1000 + i / 10 }));
    expect(streamOf(left, { other: right }).kind).toBe('none');
  });

  test('is not a timestamp in whole seconds that happens to be dense', () => {
    const left = messages(60, (i) => ({ '/at': EPOCH_MS / 1000 + i }), 0, 1000);
    expect(streamOf(left, { other: left.slice(8) }).kind).toBe('none');
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

  test('may be text that holds a number', () => {
    const [left, right] = both((i) => ({ '/offset': { hash: `h${i}`, length: 3, number: 500 + i } }));
    expect(streamOf(left, { other: right })).toMatchObject({ pointer: '/offset', kind: 'dense' });
  });

  test('is the declared one, by name or pointer', () => {
    const [left] = both((i) => ({ '/push/pub/offset': i * 3, '/seq': i }));
    expect(streamOf(left, { declared: 'offset' })).toMatchObject({ pointer: '/push/pub/offset', kind: 'declared' });
    expect(streamOf(left, { declared: '/push/pub/offset' })).toMatchObject({ pointer: '/push/pub/offset' });
    expect(streamOf(left, { declared: 'missing' }).kind).toBe('none');
  });

  test('cannot be looked for where nothing is JSON', () => {
    const left: Seen[] = Array.from({ length: 60 }, (_, i) => ({ form: 'opaque', hash: `m${i}` }));
    expect(streamOf(left).kind).toBe('undecodable');
  });
});

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
    expect(streamOf(stream, { declared: 'n' })).toMatchObject({ pointer: '/n', coverage: 1 });
    expect(streamOf(stream, { other: stream.slice(9) })).toMatchObject({ pointer: '/n', kind: 'dense' });
  });
});
