import type { EventBodyAt, MessageFacts } from '../../harness/contract.js';
import { judgeStory } from '../../harness/story.js';
import check from './heartbeat-as-message.js';

const WORDS = { type: 'measure', name: 'heartbeat words', facts: { 0: 'h-ping', 1: 'h-heartbeat' } } as const;
const NAMES = { type: 'measure', name: 'event names', facts: { message: 'h-message' } } as const;
const EMPTY = { opcode: 'text', form: 'empty' } as const;
const COMMENT = { opcode: 'comment', packet: 'heartbeat' } as const;
const word = (hash: string) => ({ hash, length: 4 });

function verdictOn(...parts: readonly (readonly [seconds: number, facts: Partial<MessageFacts>])[]) {
  const events: EventBodyAt[] = [
    [0, WORDS],
    [0, NAMES],
    ...parts.map(([seconds, facts]): EventBodyAt => {
      const message = { gate: 'idle', conn: 1, dir: 'down', opcode: 'text', bytes: 0, hash: 'h', ...facts } as const;
      return [1000 * seconds, { type: 'message', ...message }];
    }),
    [75_000, { type: 'measure', name: 'watched', facts: { session: 1, conn: 1, forMs: 75_000, ended: false } }],
  ];
  const { outcome, actual, reason } = judgeStory(check.value, events);
  return `${outcome}: ${actual || reason}`;
}

test('an empty event without a name is a message, and so is one that is called message', () => {
  expect(verdictOn([15, EMPTY], [30, EMPTY])).toBe('fail: its heartbeat is an empty message');
  const called = { ...EMPTY, fields: { event: word('h-message') } };
  expect(verdictOn([15, called], [30, called])).toMatch(/^fail/);
});

test('a heartbeat that names itself in its data, or is an empty object, is a message without a name', () => {
  const text = { form: 'opaque', hash: 'h-ping' } as const;
  const json = { form: 'json', fields: { '/type': word('h-heartbeat') } } as const;
  const nothing = { form: 'json', fields: {} } as const;
  for (const beat of [text, json, nothing])
    expect(verdictOn([15, beat], [30, beat])).toBe('fail: its heartbeat is a message without a name');
});

test('a comment is none, nor is an event with a name of its own', () => {
  expect(verdictOn([15, COMMENT], [30, COMMENT])).toBe('pass: its heartbeat is a comment');
  const named = { ...EMPTY, fields: { event: word('h-heartbeat') } };
  expect(verdictOn([15, named], [30, named])).toBe('pass: its heartbeat is a named event');
});

test('a word of welcome is no heartbeat', () => {
  expect(verdictOn([0.01, COMMENT])).toMatch(/^skipped: .*no heartbeat/);
});

test('an empty message among others is the application’s, and one alone may be', () => {
  const line = { form: 'opaque' } as const;
  expect(verdictOn([14, line], [15, EMPTY], [16, line], [17, EMPTY], [20, COMMENT])).toMatch(/^pass/);
  expect(verdictOn([30, EMPTY])).toMatch(/^inconclusive/);
});
