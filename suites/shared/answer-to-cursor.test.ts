import type { EventBodyAt, MessageFacts } from '../../harness/contract.js';
import { viewOf } from '../../harness/history.js';
import { createObserver } from '../../harness/path/observer.js';
import { tell } from '../../harness/story.js';
import { answerTo } from './answer-to-cursor.js';

const observer = createObserver('key');

function said(gate: string, t: number, text: string, conn = 1): EventBodyAt {
  const facts: MessageFacts = { opcode: 'text', ...observer.payload(Buffer.from(text), false) };
  return [t, { type: 'message', gate, conn, dir: 'down', ...facts }];
}

/** Twelve numbered messages to a witness and to three that present an id, greeted by `greet`. */
function answered(
  greet: (who: 'witness' | 'good-0' | 'good-1' | 'asked') => readonly string[],
  more: readonly EventBodyAt[] = [],
) {
  const gates = ['witness', 'good-0', 'good-1', 'asked'] as const;
  const events: EventBodyAt[] = [
    [1, { type: 'session', name: 'asked', what: 'open' }],
    ...gates.flatMap((gate) => [
      ...greet(gate).map((text) => said(gate, 2, text)),
      ...Array.from({ length: 12 }, (_, i) => said(gate, 10 + i, `{"seq":${i},"text":"t${i % 3}"}`)),
    ]),
    ...more,
  ];
  const asked = { name: 'asked', good: ['good-0', 'good-1'], known: ['witness'], field: { pointer: '/seq' } };
  return answerTo(viewOf(tell(events.toSorted((a, b) => a[0] - b[0]))), asked);
}

describe('an unknown id is answered by a signal where', () => {
  test.each<[string, (who: string) => readonly string[], string]>([
    ['an event of its own comes', (who) => (who === 'asked' ? ['{"event":"reset"}'] : []), '/event'],
    ['a word is another', (who) => [`{"type":"${who === 'asked' ? 'snapshot' : 'resumed'}"}`], '/type'],
    [
      'recovered is left out of the answer',
      (who) => [
        `{"id":1,"connect":{"client":"${who}","recoverable":true${who === 'asked' ? '' : ',"recovered":true'}}}`,
      ],
      'without /connect/recovered',
    ],
    ['it is a text', (who) => (who === 'asked' ? ['no such cursor'] : []), 'a text that is not JSON'],
  ])('%s', (_, greet, signal) => {
    expect(answered(greet).signal).toBe(signal);
  });

  test('the handshake is refused, or the session closed with a code', () => {
    expect(answered(() => [], [[0, { type: 'session', name: 'asked', what: 'refused', status: 410 }]]).signal).toBe(
      'HTTP 410',
    );
    const ended: EventBodyAt[] = [
      [50, { type: 'measure', name: 'answered', facts: { name: 'asked', ended: true } }],
      [50, { type: 'session', name: 'asked', what: 'end', closeCode: 4404 }],
    ];
    expect(answered(() => [], ended).signal).toBe('close 4404');
  });
});

describe('a gRPC server', () => {
  const head = (gate: string, fields: Record<string, number>): EventBodyAt => [
    2,
    { type: 'handshake', gate, conn: 1, dir: 'down', stream: 1, status: 200, opens: true, fields },
  ];
  const end = (t: number, grpcStatus: number): EventBodyAt => [
    t,
    { type: 'trailers', gate: 'asked', conn: 1, stream: 1, grpcStatus },
  ];
  const left: EventBodyAt = [60, { type: 'measure', name: 'answered', facts: { name: 'asked', ended: true } }];

  test('says it by its status, or in the metadata of its answer', () => {
    expect(answered(() => [], [end(30, 11), left]).signal).toBe('OUT_OF_RANGE');
    const usual = ['witness', 'good-0', 'good-1'].map((gate) => head(gate, { 'x-node': 1 }));
    expect(answered(() => [], [...usual, head('asked', { 'x-node': 1, 'x-gap': 1 })]).signal).toBe('metadata x-gap');
  });

  test('does not say it by what it may tell anyone', () => {
    expect(answered(() => [], [end(30, 14), left]).unclear).toMatch(/^UNAVAILABLE/);
    expect(answered(() => [], [end(30, 0), left]).signal).toBeUndefined();
    expect(answered(() => [], [end(70, 11), left]).signal).toBeUndefined();
  });
});

describe('an event stream whose head names the id that it goes on from', () => {
  const id = (text: string) => ({ hash: observer.hash(text), length: text.length });
  const heads = (gate: string, presented: string | undefined, answered: string | undefined): EventBodyAt[] => [
    [1, { type: 'handshake', gate, conn: 1, dir: 'up', fields: ask(presented) }],
    [2, { type: 'handshake', gate, conn: 1, dir: 'down', status: 200, opens: true, fields: told(answered) }],
  ];
  const ask = (presented: string | undefined) => ({
    connection: id('keep-alive'),
    ...(presented === undefined ? {} : { 'last-event-id': id(presented) }),
  });
  const told = (answered: string | undefined) => ({
    connection: id('keep-alive'),
    ...(answered === undefined ? {} : { 'last-event-id': id(answered) }),
  });
  const all = (answers: readonly [string | undefined, string | undefined, string | undefined]) =>
    answered(
      () => [],
      [
        ...heads('witness', undefined, undefined),
        ...heads('good-0', 'urn:a', answers[0]),
        ...heads('good-1', 'urn:b', answers[1]),
        ...heads('asked', 'urn:0', answers[2]),
      ],
    );

  test('says so by another id than the one it was asked for', () => {
    expect(all(['urn:a', 'urn:b', 'urn:f']).signal).toBe('another last-event-id in the head of its answer');
  });

  test.each<[string, readonly [string | undefined, string | undefined, string | undefined]]>([
    ['it repeats whatever it is given', ['urn:a', 'urn:b', 'urn:0']],
    ['it names none', [undefined, undefined, undefined]],
    ['it names the newest to everybody', ['urn:f', 'urn:f', 'urn:f']],
    ['it repeats only one of the good ids', ['urn:a', 'urn:f', 'urn:f']],
  ])('does not where %s', (_, answers) => {
    expect(all(answers).signal).toBeUndefined();
  });
});

describe('there is no signal in', () => {
  test.each<[string, (who: string) => readonly string[]]>([
    ['nothing at all', () => []],
    ['a greeting with a name for each session', (who) => [`{"type":"welcome","you":"${who}"}`]],
    ['a count of what was replayed', (who) => [`{"type":"resumed","replayed":${who.length * 7}}`]],
  ])('%s', (_, greet) => {
    expect(answered(greet)).toMatchObject({ because: [{ type: 'session' }] });
    expect(answered(greet).signal).toBeUndefined();
  });

  test('messages of the stream that another one sends', () => {
    const from = (who: string) =>
      Array.from(
        { length: 9 },
        (_, i) => `{"seq":${who === 'asked' ? i : 20 + i},"src":"${who === 'asked' ? 'b1' : 'a7'}"}`,
      );
    expect(answered(from).signal).toBeUndefined();
  });

  test('a heartbeat that only this session lived to see', () => {
    const words: EventBodyAt = [0, { type: 'measure', name: 'heartbeat words', facts: { 0: observer.hash('ping') } }];
    expect(answered(() => [], [words, said('asked', 30, '{"type":"ping"}')]).signal).toBeUndefined();
  });

  test('a number that alone is another, which may be a status', () => {
    expect(answered((who) => [`{"type":"answer","code":${who === 'asked' ? 41 : 20}}`])).toMatchObject({
      unclear: 'only the number /code is another',
    });
  });
});
