import { createObserver } from './observer.js';

const observer = createObserver('a key');
const text = (value: string) => observer.payload(Buffer.from(value), false);

test('the same value has the same hash under one key and another under the next', () => {
  expect(observer.hash('alice')).toBe(observer.hash(Buffer.from('alice')));
  expect(observer.hash('alice')).toMatch(/^[0-9a-f]{16}$/);
  expect(createObserver('another key').hash('alice')).not.toBe(observer.hash('alice'));
});

test('hashes stay the same when the memo has been turned over', () => {
  const before = observer.hash('early');
  for (let i = 0; i < 10_000; i++) observer.hash(`v${i}`);
  expect(observer.hash('early')).toBe(before);
});

test('numbers, booleans and null are kept as they are', () => {
  expect([1.5, true, null].map((value) => observer.scalar(value))).toEqual([1.5, true, null]);
  expect(observer.scalar({})).toBeUndefined();
  expect(observer.scalar(undefined)).toBeUndefined();
});

test.each([
  ['42', 42],
  ['-7', -7],
  ['-0', 0],
  ['0x1F', 31],
  ['9007199254740991', 9007199254740991],
  ['9007199254740993', undefined],
  ['12345678901234567890', undefined],
  ['0x20000000000000', undefined],
  ['1e3', undefined],
  ['4.2', undefined],
  ['', undefined],
  ['12a', undefined],
])('the string %j has the number %p', (value, number) => {
  const kept = { hash: observer.hash(value), length: value.length };
  expect(observer.scalar(value)).toEqual(number === undefined ? kept : { ...kept, number });
});

test('fields are named by JSON pointers with their escapes', () => {
  expect(text('{"a/b":1,"m~n":2,"":3,"list":[{"id":4}],"__proto__":5}').fields).toEqual(
    Object.fromEntries([
      ['/a~1b', 1],
      ['/m~0n', 2],
      ['/', 3],
      ['/list/0/id', 4],
      ['/__proto__', 5],
    ]),
  );
});

test('a bare scalar has the empty pointer', () => {
  expect(text('7')).toMatchObject({ form: 'json', fields: { '': 7 } });
});

test('no string of a payload is kept', () => {
  expect(JSON.stringify(text('{"password":"hunter2","deep":["hunter2"]}'))).not.toContain('hunter2');
});

test('shallow scalars come before a large member that precedes them', () => {
  const value = { rows: Array.from({ length: 16 }, () => Array.from({ length: 600 }, (_, i) => i)), id: 5 };
  const { fields } = text(JSON.stringify(value));
  expect(fields?.['/id']).toBe(5);
  expect(Object.keys(fields ?? {})).toHaveLength(1024);
  expect(fields?.['/rows/0/15']).toBe(15);
  expect(fields?.['/rows/0/512']).toBeUndefined();
});

test('nesting is followed eight levels deep', () => {
  expect(text('{"1":{"2":{"3":{"4":{"5":{"6":{"7":{"8":1}}}}}}}}').fields).toEqual({ '/1/2/3/4/5/6/7/8': 1 });
  expect(text('{"1":{"2":{"3":{"4":{"5":{"6":{"7":{"8":{"9":1}}}}}}}}}').fields).toEqual({});
});

test('forms are told apart: empty, JSON in text or binary, anything else', () => {
  expect(text('')).toEqual({ hash: observer.hash(''), bytes: 0, form: 'empty' });
  expect(observer.payload(Buffer.from(' {"a":1}'), true).form).toBe('json');
  for (const value of ['hello', '{"a":', '<html>', '   ']) {
    expect(text(value)).toEqual({ hash: observer.hash(value), bytes: value.length, form: 'opaque' });
  }
  expect(observer.payload(Buffer.from([0x22, 0xff, 0x22]), false).form).toBe('opaque');
});

test('JSON beyond 256 KiB is opaque', () => {
  const room = 256 * 1024 - 2;
  expect(text(`"${'x'.repeat(room)}"`).form).toBe('json');
  expect(text(`"${'x'.repeat(room + 1)}"`).form).toBe('opaque');
});

test.each<[string, Record<string, number> | undefined]>([
  ['0 17 0.8771987779090067\n', { '/0': 0, '/1': 17, '/2': 0.8771987779090067 }],
  ['3, -4;1e-05', { '/0': 3, '/1': -4, '/2': 1e-5 }],
  ['1 2\n3 4\n', { '/0/0': 1, '/0/1': 2, '/1/0': 3, '/1/1': 4 }],
  ['0 x 1', undefined],
  ['12:30 4', undefined],
  ['- 5', undefined],
])('the text %j holds the numbers %j', (line, fields) => {
  expect(text(line).fields).toEqual(fields);
});
