import { aRun, aVerdict } from './a-run.js';
import { renderTerminal } from './terminal.js';

const long = 'nothing came for 45.0 s, although '.repeat(8);
const run = aRun([
  aVerdict({ check: 'websocket/unanswered-ping', antiPattern: null, actual: 'answered in 2 ms' }),
  aVerdict({ outcome: 'fail', actual: `\u001b]0;owned\u0007${long}` }),
  aVerdict({
    check: 'websocket/no-sequence-id',
    antiPattern: 5,
    outcome: 'inconclusive',
    actual: 'x',
    reason: 'too few messages',
  }),
  aVerdict({
    check: 'websocket/no-replay',
    antiPattern: 5,
    level: 'SHOULD',
    outcome: 'skipped',
    reason: 'needs --resume',
  }),
]);
const options = { columns: Number.POSITIVE_INFINITY, color: false, directory: '/r/chat/latest' };

describe('the table', () => {
  const text = renderTerminal(run, options);

  it('opens with the ten anti-patterns and their worst outcome', () => {
    const lines = text.split('\n');
    const patterns = lines.filter((line) => line.startsWith('  AP '));
    expect(patterns).toHaveLength(10);
    expect(patterns[3]).toBe('  AP 4   FAIL     no heartbeat  websocket/no-heartbeat');
    expect(patterns[4]).toBe('  AP 5   ????     no message sequence ids  websocket/no-sequence-id');
    expect(patterns[0]).toBe('  AP 1   not run  WebSocket for one-way traffic');
  });

  it('tells rule, expected, actual, where to look and the fix of a failure, before anything else', () => {
    const checks = text.slice(text.indexOf('Checks'));
    expect(checks.indexOf('websocket/no-heartbeat')).toBeLessThan(checks.indexOf('websocket/no-sequence-id'));
    expect(checks.indexOf('websocket/no-sequence-id')).toBeLessThan(checks.indexOf('websocket/unanswered-ping'));
    expect(text).toContain('expected  MUST send a heartbeat at least every 30 s');
    expect(text).toContain('measured  longestSilenceMs 25012 (limits: maxSilenceMs 35000)');
    expect(text).toContain('look at   events 12, 57 of history.jsonl (scenario idle, wire view)');
    expect(text).toContain('fix       send a ping every 25 s');
  });

  it('shows the reason of what was not decided', () => {
    expect(text).toContain('reason    too few messages');
    expect(text).toMatch(/skip {2}SHOULD {2}websocket\/no-replay +needs --resume/);
  });

  it('closes with counts, grade, time, engine, seed, folder and the command that repeats it', () => {
    expect(text).toContain(
      '1 failed, 1 inconclusive, 1 passed, 1 skipped; MUST seen 2 of 3; no grade (a MUST is inconclusive)',
    );
    expect(text).toContain('took 1 min 31 s of the 2 min 5 s allowed');
    expect(text).toContain('engine toxiproxy 2.12.0, seed 42');
    expect(text).toContain('saved  /r/chat/latest');
    expect(text).toContain('repeat holdfast check chat --seed 42');
  });

  it('obeys no control character of a target', () => {
    expect(text).toContain('\\e]0;owned\\x07');
    expect([...text].every((character) => character === '\n' || character >= ' ')).toBe(true);
  });

  it('cuts nothing where there is no terminal, and keeps to the width of one', () => {
    expect(text).toContain(long.trim());
    const narrow = renderTerminal(run, { ...options, columns: 80 }).split('\n');
    const tables = narrow.slice(
      0,
      narrow.findIndex((line) => line.startsWith('1 failed')),
    );
    expect(Math.max(...tables.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(narrow.join(' ').replace(/\s+/g, ' ')).toContain(long.trim());
  });

  it('is coloured only when asked', () => {
    expect(renderTerminal(run, { ...options, color: true })).toContain('\u001b[31mFAIL');
  });
});
