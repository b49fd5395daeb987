import type { EventBodyAt } from '../../harness/contract.js';
import { judgeStory } from '../../harness/story.js';
import check from './wrong-close-code.js';

const judged = (events: readonly EventBodyAt[]) => judgeStory(check.value, events);
const mute: EventBodyAt = [
  150,
  { type: 'measure', name: 'provoked', facts: { what: 'protocol error', ended: true, code: null } },
];
const crash = (t: number): EventBodyAt => [
  t,
  { type: 'process', process: 'server-1', what: 'crash', code: 1, signal: null, facts: { role: 'server' } },
];
const letIn: EventBodyAt = [200, { type: 'session', name: 'announces', what: 'open', status: 101, tookMs: 7 }];

// The server of y-websocket 2 listens to no error of a session: a frame with a reserved opcode ends its process.
test('a server that dies of the frame fails, and is told to have died', () => {
  expect(judged([crash(148), mute])).toMatchObject({
    outcome: 'fail',
    level: 'SHOULD',
    actual: expect.stringMatching(/^died of a frame/),
  });
});

test('a server that lives on, and dies of another thing, has ended the session without a code', () => {
  for (const story of [
    [mute, letIn],
    [mute, letIn, crash(300)],
  ])
    expect(judged(story)).toMatchObject({ outcome: 'fail', actual: expect.stringMatching(/^ended the session/) });
});
