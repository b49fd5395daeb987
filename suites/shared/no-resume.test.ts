import type { EventBodyAt } from '../../harness/contract.js';
import { judgeStory } from '../../harness/story.js';
import noResume from './no-resume.js';

const check = noResume.value;

/** Of a client that asks something every half second: an answer that has no number, between those that have. */
function withAnswers(events: readonly EventBodyAt[]): EventBodyAt[] {
  const answers = Array.from({ length: 5 }, (_, n): EventBodyAt => {
    const fields = { '/id': { hash: `q${n}`, length: 9 }, '/text': { hash: `t${n}`, length: 9 } };
    const answer = { opcode: 'text', bytes: 40, hash: `a${n}`, form: 'json', fields } as const;
    return [500 * n + 50, { type: 'message', gate: 'victim', conn: 1, dir: 'down', ...answer }];
  });
  return [...events, ...answers].sort(([a], [b]) => a - b);
}

test('answers to the client’s own messages hide no id', () => {
  expect(judgeStory(check, withAnswers(check.examples.pass)).outcome).toBe('pass');
  expect(judgeStory(check, withAnswers(check.examples.fail)).outcome).toBe('fail');
});

// Action Cable, SocketCluster, Pusher: nothing comes to who has not asked for a channel.
test('a witness that gets pings and nothing of the stream is told to ask for it', () => {
  const ping = { form: 'json', fields: { '/type': { hash: 'ping', length: 4 } } } as const;
  const mute = check.examples.pass.flatMap(([t, event]): EventBodyAt[] => {
    if (event.type !== 'message' || event.gate !== 'witness') return [[t, event]];
    return t % 1000 === 0 ? [[t, { ...event, ...ping }]] : [];
  });
  expect(judgeStory(check, mute).reason).toContain('needs --subscribe');
});

// A call made anew every few seconds on the same connection: what was on its way in the one before is asked for once more.
test('what comes again in the next call is no repeat, and what comes again in the same one is', () => {
  const [at, message] = check.examples.pass.findLast(([, event]) => event.type === 'message') ?? [];
  if (at === undefined || message?.type !== 'message') throw new Error('no message');
  const again = (conn: number): EventBodyAt => [at + 50, { ...message, gate: 'victim', conn }];
  expect(judgeStory(check, [...check.examples.pass, again(3)]).outcome).toBe('pass');
  expect(judgeStory(check, [...check.examples.pass, again(2)]).outcome).toBe('fail');
});
