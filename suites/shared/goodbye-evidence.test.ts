import type { EventBodyAt, MessageFacts } from '../../harness/contract.js';
import { viewOf } from '../../harness/history.js';
import { judgeStory, STORY_TARGET, tell } from '../../harness/story.js';
import abrupt from './abrupt-shutdown.js';
import { partingStory, partingsOf } from './goodbye-evidence.js';

const came = (t: number, facts: Partial<MessageFacts>): EventBodyAt => [
  t,
  { type: 'message', gate: 'clients', conn: 1, dir: 'down', opcode: 'text', bytes: 9, hash: 'h', ...facts },
];
const named = (name: string) => ({ fields: { event: { hash: name, length: 5 } } });
const sse = { ...STORY_TARGET, protocol: 'sse' };
const outcomeOf = (...words: EventBodyAt[]) => judgeStory(abrupt.value, partingStory(...words), sse).outcome;

describe('a stream of events', () => {
  it.each([
    ['ends without its last chunk', [], 'fail'],
    ['ends by its last chunk', [came(20, { opcode: 'close' })], 'pass'],
    ['ends behind an event that says so', [came(15, { notice: true }), came(18, {})], 'pass'],
    ['ends behind an ordinary event', [came(5, named('price')), came(15, named('price'))], 'fail'],
    [
      'is full of such words, and ends behind one more',
      [came(5, { notice: true }), came(15, { notice: true })],
      'fail',
    ],
    ['ends behind an event of a new name', [came(5, named('price')), came(15, named('ciao'))], 'inconclusive'],
    ['ends behind an unnamed event', [came(5, named('price')), came(15, {})], 'fail'],
    ['said goodbye before the signal only', [came(5, { opcode: 'close' })], 'fail'],
  ] as const)('that %s: %s', (_, words, outcome) => expect(outcomeOf(...words)).toBe(outcome));

  it('that ended before the signal is none of the partings', () => {
    const early: EventBodyAt[] = [
      [0, { type: 'connection', gate: 'clients', conn: 2, what: 'start' }],
      [
        5,
        {
          type: 'connection',
          gate: 'clients',
          conn: 2,
          what: 'end',
          by: 'server',
          how: 'FIN',
          upBytes: 0,
          downBytes: 0,
        },
      ],
    ];
    const history = viewOf(tell([...early, ...partingStory()]));
    expect(partingsOf(history, 10).map(({ conn }) => conn)).toEqual([1]);
  });
});
