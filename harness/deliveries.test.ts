import { Deliveries, type LeftAt } from './deliveries.js';

const there: LeftAt = () => undefined;

test('a message of ours is expected of those it was sent to, and delivered to those who have it', () => {
  const deliveries = new Deliveries(
    new Map([
      ['a', there],
      ['b', there],
    ]),
  );
  deliveries.send('x', 100, ['a', 'b']);
  deliveries.arrive('x', 'a', 110);
  deliveries.arrive('x', 'b', 210);
  deliveries.send('y', 150, ['a']);
  expect(deliveries.ours(0, 1000, 200)).toEqual([
    { atMs: 100, expected: 2, delivered: 2, deliveredBy: 1 },
    { atMs: 150, expected: 1, delivered: 0, deliveredBy: 0 },
  ]);
});

test("the server's own message is not expected of a listener that left before it could arrive", () => {
  const deliveries = new Deliveries(
    new Map<string, LeftAt>([
      ['a', there],
      ['b', () => 130],
      ['c', () => 500],
    ]),
  );
  deliveries.arrive('p', 'a', 100);
  expect(deliveries.theirs(0, 1000, 1000, 50)).toEqual([{ atMs: 100, expected: 2, delivered: 1, deliveredBy: 1 }]);
});

test('a text that one listener got twice is not counted', () => {
  const deliveries = new Deliveries(
    new Map([
      ['a', there],
      ['b', there],
    ]),
  );
  deliveries.arrive('tick', 'a', 100);
  deliveries.arrive('tick', 'b', 101);
  deliveries.arrive('tick', 'a', 200);
  expect(deliveries.theirs(0, 1000, 1000, 50)).toEqual([]);
  expect(deliveries.common(0, 1000)).toEqual({ messages: 0, shared: 0, skewMs: 0, usualSkewMs: 0 });
});

test('messages that each connection gets for itself are not common', () => {
  const deliveries = new Deliveries(
    new Map([
      ['a', there],
      ['b', there],
    ]),
  );
  deliveries.arrive('p', 'a', 100);
  deliveries.arrive('p', 'b', 107);
  deliveries.arrive('for a', 'a', 150);
  deliveries.arrive('for b', 'b', 150);
  expect(deliveries.common(0, 1000)).toEqual({ messages: 3, shared: 1, skewMs: 7, usualSkewMs: 7 });
});

test('nothing is expected of a listener that left before the instant asked for', () => {
  const deliveries = new Deliveries(
    new Map<string, LeftAt>([
      ['a', there],
      ['b', () => 150],
    ]),
  );
  deliveries.send('x', 100, ['a', 'b']);
  expect(deliveries.ours(0, 1000, 200)).toEqual([{ atMs: 100, expected: 1, delivered: 0, deliveredBy: 0 }]);
});
