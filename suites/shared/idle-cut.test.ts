import type { EventBodyAt } from '../../harness/contract.js';
import { judgeStory } from '../../harness/story.js';
import check from './idle-cut.js';

const WHO = { gate: 'haproxy-60', conn: 1 };

/** A session through a proxy of 60 s, whose end came from the proxy's side; `closeAt` is when its server sent a close frame. */
const ended = (endAt: number, closeAt?: number): EventBodyAt[] => [
  ...(closeAt === undefined
    ? []
    : [
        [
          closeAt,
          { type: 'message', ...WHO, dir: 'down', opcode: 'close', bytes: 25, hash: '', closeCode: 1001 },
        ] as EventBodyAt,
      ]),
  [endAt, { type: 'connection', ...WHO, what: 'end', by: 'client', how: 'FIN', upBytes: 9, downBytes: 9 }],
  [60_001, { type: 'fault', fault: 'idle-cut', what: 'bite', who: 'haproxy-60', facts: { afterMs: 60_001 } }],
  [
    125_000,
    {
      type: 'measure',
      name: 'idle path',
      facts: { by: 'haproxy', idleS: 60, who: 'haproxy-60', conn: 1, open: false, forMs: endAt },
    },
  ],
];

test('a server that closed its idle session itself was not cut off by the proxy that let go of the rest', () => {
  const { outcome, reason } = judgeStory(check.value, ended(30_010, 30_000));
  expect([outcome, reason]).toEqual(['inconclusive', expect.stringContaining('ended the idle session itself')]);
});

test('a close frame sent into a connection that the proxy had ended changes nothing', () => {
  expect(judgeStory(check.value, ended(60_000, 60_005)).outcome).toBe('fail');
  expect(judgeStory(check.value, ended(60_000)).outcome).toBe('fail');
});
