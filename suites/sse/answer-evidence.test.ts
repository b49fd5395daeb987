import type { EventOf, Facts } from '../../harness/contract.js';
import { viewOf } from '../../harness/history.js';
import { tell } from '../../harness/story.js';
import { noticingOf, wholeAnswer } from './answer-evidence.js';
import { postsOf, sameQuestion } from './question-evidence.js';

const NONE: Facts = { errors: 0, errorMs: null, retries: 0, messages: 0, dones: 0, againMs: null, said: 'nothing' };
const LEFT: Facts = { exited: true, exit: 0, exitMs: 1000, leftMs: 1000 };
const STAYED: Facts = { exited: false, exit: null, exitMs: null, leftMs: null };

function answer(facts: Facts): EventOf<'measure'> {
  const [event] = tell([[1, { type: 'measure', name: 'answer', facts: { ...NONE, trial: 'end', ...facts } }]]);
  return event as EventOf<'measure'>;
}
const oneShot = answer({ ...LEFT, asked: 1, answered: 1 });
const cut = (facts: Facts, whole = oneShot) =>
  noticingOf(answer({ asked: 1, answered: 0, ...facts }), whole, 65_000, false).made;
const stalled = (facts: Facts, whole = oneShot) =>
  noticingOf(answer({ asked: 1, answered: 0, ...facts }), whole, 65_000, true).made;

describe('a client that asks once and leaves', () => {
  test('has noticed where it leaves with another exit code, reports an error, says so, or asks again', () => {
    expect(cut({ ...LEFT, exit: 1 })).toBe('noticed');
    expect(cut({ ...LEFT, errorMs: 3 })).toBe('noticed');
    expect(cut({ ...LEFT, said: 'warning' })).toBe('noticed');
    expect(cut({ ...LEFT, againMs: 1000 })).toBe('noticed');
  });

  test('has taken it for whole where it leaves as ever, and may have where it says something else', () => {
    expect(cut(LEFT)).toBe('whole');
    expect(cut({ ...LEFT, said: 'otherwise' })).toBe('unclear');
  });

  test('has not noticed what it notices too late', () => {
    expect(cut({ ...STAYED })).toBe('mute');
    expect(stalled({ ...LEFT, exit: 1, exitMs: 65_500, leftMs: 65_500 })).toBe('mute');
  });
});

describe('a client that stays', () => {
  const reports = answer({ ...STAYED, asked: 2, answered: 2, dones: 2 });
  const silent = answer({ ...STAYED, asked: 1, answered: 1 });

  test('is judged by its reports, those of later answers aside', () => {
    expect(cut({ ...STAYED, dones: 3, answered: 2 }, reports)).toBe('whole');
    expect(cut({ ...STAYED, dones: 2, answered: 2 }, reports)).toBe('unclear');
    expect(cut({ ...STAYED, dones: 2, answered: 2, errorMs: 9 }, reports)).toBe('noticed');
  });

  test('and reports nothing cannot be judged by a cut', () => {
    expect(cut(STAYED, silent)).toBe('unknown');
    expect(cut(STAYED, answer({ ...STAYED, asked: 1, answered: 1, messages: 24 }))).toBe('unknown');
  });

  test('has noticed a stall where it leaves the connection', () => {
    expect(stalled({ ...STAYED, leftMs: 30_000 }, silent)).toBe('noticed');
    expect(stalled(STAYED, silent)).toBe('mute');
  });

  test('has not asked again because of the cut where it always asks again', () => {
    expect(cut({ ...STAYED, againMs: 5000, dones: 1, answered: 1 }, reports)).toBe('unclear');
  });
});

describe('nothing is compared with', () => {
  const outcome = (facts: Facts) => {
    const whole = { ...NONE, ...LEFT, trial: 'whole', asked: 1, answered: 1, ...facts };
    const found = wholeAnswer(viewOf(tell([[1, { type: 'measure', name: 'answer', facts: whole }]])));
    return 'outcome' in found ? found.outcome : 'whole';
  };
  test('an answer that the client did not take', () => {
    expect(outcome({})).toBe('whole');
    expect(outcome({ exit: 1 })).toBe('inconclusive');
    expect(outcome({ errors: 1 })).toBe('inconclusive');
    expect(outcome({ asked: 0, answered: 0 })).toBe('inconclusive');
    expect(outcome({ answered: 0 })).toBe('inconclusive');
  });
});

describe('a question', () => {
  const posts = (first: Facts, second: Facts, key?: string) => {
    const fields = key === undefined ? {} : { 'idempotency-key': { hash: key, length: 36 } };
    const ask = (conn: number, facts: Facts) =>
      [
        [conn, { type: 'handshake', gate: 'end', conn, dir: 'up', method: 'POST', fields }],
        [
          conn,
          {
            type: 'message',
            gate: 'end',
            conn,
            dir: 'up',
            opcode: 'text',
            bytes: 9,
            hash: `${JSON.stringify(facts)}`,
            form: 'json',
            fields: facts as Readonly<Record<string, number>>,
          },
        ],
      ] as const;
    const [a, b] = postsOf(viewOf(tell([...ask(1, first), ...ask(2, second)])), 'end');
    if (!a || !b) throw new Error('two questions were asked');
    return { same: sameQuestion(a, b), keys: [a.key, b.key] };
  };
  const body = { '/stream': true, '/messages/0/content': 7, '/model': 3, '/nonce': 1 };

  test('is the same whatever number its request carries', () => {
    expect(posts(body, body).same).toBe(true);
    expect(posts(body, { ...body, '/nonce': 2 }).same).toBe(true);
  });

  test('is another where other words are asked', () => {
    expect(posts(body, { ...body, '/messages/0/content': 8 }).same).toBe(false);
    expect(posts(body, { ...body, '/messages/1/content': 8 }).same).toBe(false);
  });

  test('may have an idempotency key', () => {
    const { keys } = posts(body, body, 'k');
    expect(keys[0]).toBe(keys[1]);
    expect(keys[0]).toContain('k');
    expect(posts(body, body).keys).toEqual([undefined, undefined]);
  });
});
