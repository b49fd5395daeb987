import type { EventBodyAt, MessageFacts } from '../../harness/contract.js';
import { createObserver } from '../../harness/path/observer.js';
import { judgeStory } from '../../harness/story.js';
import check from './one-way-websocket.js';

const observer = createObserver('key');

function said(dir: 'up' | 'down', t: number, text: string): EventBodyAt {
  const facts: MessageFacts = { opcode: 'text', ...observer.payload(Buffer.from(text), false) };
  return [t, { type: 'message', gate: 'client', conn: 1, dir, ...facts }];
}

/** One session: a subscription, a message a second to the client, and what it says five seconds apart. */
function session(says: (i: number) => string, news = (i: number) => `{"seq":${100 + i},"text":"news ${i}"}`) {
  const words = Object.fromEntries(['ping', 'subscribe'].map((word, i) => [i, observer.hash(word)]));
  const events: EventBodyAt[] = [
    [0, { type: 'connection', gate: 'client', conn: 1, what: 'start' }],
    [0, { type: 'measure', name: 'protocol words', facts: words }],
    said('up', 20, '{"topic":"news"}'),
    ...Array.from({ length: 40 }, (_, i) => said('down', 50 + i * 1000, news(i))),
    ...Array.from({ length: 8 }, (_, i) => said('up', 3000 + i * 5000, says(i))),
  ];
  return judgeStory(
    check.value,
    events.toSorted((a, b) => a[0] - b[0]),
  );
}

describe('a WebSocket is one-way where all that one side says is', () => {
  test.each<[string, (i: number) => string]>([
    ['a heartbeat', () => '{"type":"ping"}'],
    ['a heartbeat that is no JSON', () => 'ping'],
    ['a packet of two digits', () => '2'],
    ['an acknowledgement of what came just before', (i) => `{"got":${102 + i * 5}}`],
    ['a subscription after the first', (i) => `{"op":"subscribe","topic":"t${i}"}`],
  ])('%s', (_, says) => {
    expect(session(says)).toMatchObject({ outcome: 'fail', measured: { sent: 0 } });
  });
});

describe('a WebSocket is used both ways where a client', () => {
  test.each<[string, (i: number) => string]>([
    ['chats', (i) => `{"type":"chat","text":"hello ${i}"}`],
    ['says a word of the protocol as text', (i) => `{"type":"chat","n":${i},"text":"ping"}`],
    ['answers what was asked, by its id', (i) => `{"answer":"a${i} and more","to":${102 + i * 5}}`],
    ['sends texts', (i) => `move ${i}`],
  ])('%s', (_, says) => {
    expect(session(says)).toMatchObject({ outcome: 'pass', measured: { sent: 8 } });
  });

  test('hears its own words again', () => {
    const echo = (i: number) => `{"text":"the same"${' '.repeat(i % 8)}}`;
    expect(session(echo, echo).outcome).toBe('pass');
  });
});
