import { delayIn, isNotice, saysGoodbye, saysLimited } from './wording.js';

describe('delayIn', () => {
  test.each([
    ['restarting, retry in 5s', 5000],
    ['come back in 30 seconds', 30_000],
    ['wait 250 ms', 250],
    ['try again in 2 minutes', 120_000],
    ['{"event":"shutdown","retryAfterMs":1234}', 1234],
    ['{"event":"shutdown","retryAfter":7}', 7000],
    ['{"reconnect":{"delay":2500}}', 2500],
    ['retry-after: 12', 12_000],
    ['reconnect in 5', 5000],
  ])('%s names %d ms', (text, ms) => expect(delayIn(text)).toBe(ms));

  test.each(['', 'going away', 'server v2.1 stops', 'node-3 shutting down', 'error 404', 'service restart', 'retry'])(
    '"%s" names no time',
    (text) => expect(delayIn(text)).toBeUndefined(),
  );
});

test('a notice announces an end, a message of the feed does not', () => {
  expect(isNotice('{"type":"shutdown","in":5}')).toBe(true);
  expect(isNotice('{"type":"reconnect"}')).toBe(true);
  expect(isNotice('{"seq":12,"data":"21 degrees"}')).toBe(false);
});

test.each([
  ['rate limit exceeded', true],
  ['{"error":"rate_limited"}', true],
  ['Too Many Requests', true],
  ['too_many_connections', true],
  ['slow down', true],
  ['message limit reached', true],
  ['You exceeded your message rate', true],
  ['{"code":"RATE-LIMIT"}', true],
  ['{"type":"limit","price":12}', false],
  ['21 degrees', false],
  ['the server is full of grace', false],
])('"%s" says that something is limited: %s', (text, says) => expect(saysLimited(text)).toBe(says));

test.each([
  ['x', 'bye', true],
  ['', 'close', true],
  ['', 'server-shutdown', true],
  ['', 'server_closing', true],
  ['', 'stream.end', true],
  ['bye', '', true],
  ['[DONE]', '', true],
  ['{"type":"bye"}', '', true],
  ['the server is stopping', '', true],
  ['connection closing', '', true],
  ['{"open":12.1,"close":12.4}', 'candle', false],
  ['{"text":"at the end of the day"}', 'message', false],
  ['{"seq":12,"data":"21 degrees"}', '', false],
  ['{}', 'weekend', false],
  ['{}', 'legend-update', false],
])('data "%s" of an event named "%s" says goodbye: %s', (data, name, says) =>
  expect(saysGoodbye(data, name)).toBe(says),
);
