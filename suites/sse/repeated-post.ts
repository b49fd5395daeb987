import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { answerStory, trialsOf, wholeAnswer } from './answer-evidence.js';
import { postsOf, sameQuestion } from './question-evidence.js';

const BITES = { reset: 'reset', end: 'end' };

// RFC 9110 9.2.2: "A client SHOULD NOT automatically retry a request with a non-idempotent method unless it has some means to
// know that the request semantics are actually idempotent, [...] or some means to detect that the original request was never
// applied." Once a token has come it was applied. That of the SDKs before the first byte is another matter, and not looked at.
export default defineCheck({
  id: 'sse/repeated-post',
  level: 'SHOULD',
  antiPattern: null,
  role: 'client',
  streams: 'finite',
  scenario: 'answers',
  title: 'SHOULD NOT silently send a question again, without an idempotency key, after tokens of its answer have come',
  why: 'The first answer was made and is paid for; the second differs from it, costs as much again, and tools that it called are called twice.',
  fix: 'After the first token leave it to the user, or send the same Idempotency-Key with both requests to a server that heeds it; and say that it is a second try.',
  source: 'RFC 9110 9.2.2; draft-ietf-httpapi-idempotency-key-header',
  measured: { repeats: 'requests with the same question after a cut', keyed: 'those with the key of the first' },
  expect: {},
  judge(history) {
    const whole = wholeAnswer(history);
    if ('outcome' in whole) return whole;
    const trials = trialsOf(history, BITES);
    if (trials.length < 2) return inconclusive('no answer could be cut after its first tokens', { because: [whole] });
    if (trials.some(({ trial }) => postsOf(history, trial).length === 0))
      return inconclusive('its question was not seen on its way', { because: [whole] });
    const found = trials.map(({ trial, answer, bite }) => {
      const [first, ...later] = postsOf(history, trial);
      const again = later.filter(({ head }) => head.t >= bite.t).filter((post) => first && sameQuestion(first, post));
      const keyed = again.filter(({ key }) => key !== undefined && key === first?.key);
      const said = answer.facts.errors !== 0 || answer.facts.retries !== 0 || answer.facts.said === 'warning';
      return { answer, bite, again, keyed, said };
    });
    const again = found.flatMap((one) => one.again);
    const keyed = found.flatMap((one) => one.keyed);
    const measured = { repeats: again.length, keyed: keyed.length };
    const because = [whole, ...found.flatMap(({ bite, answer }) => [bite, answer]), ...again.map(({ head }) => head)];
    if (again.length === 0)
      return pass('sent no question again after its answer had been cut', { measured, because, view: 'wire' });
    if (again.length === keyed.length)
      return pass('sent its question again with the idempotency key of the first request', { measured, because });
    if (Number(whole.facts.asked) > 1)
      return inconclusive('it asks the same question again after a whole answer too', { measured, because });
    const silent = found.filter((one) => one.again.length > one.keyed.length && !one.said);
    if (silent.length === 0) return pass('sent its question again, and said so', { measured, because });
    const ms = silent.flatMap(({ answer }) => answer.facts.againMs ?? []).at(0);
    return fail(
      `sent its question again ${ms} ms after the cut, without the key of the first request and without a word`,
      {
        measured,
        because,
      },
    );
  },
  examples: {
    pass: [...asks('reset', 1, 1), ...asks('end', 1, 1), ...answerStory(BITES, 1)],
    fail: [...asks('reset', 1, 1), ...asks('end', 1, 1), ...answerStory(BITES, 0), ...asks('end', 2, 9000)],
  },
});

function asks(gate: string, conn: number, t: number): EventBodyAt[] {
  const where = { gate, conn, dir: 'up' } as const;
  return [
    [t, { type: 'handshake', ...where, method: 'POST', fields: {} }],
    [t, { type: 'message', ...where, opcode: 'text', bytes: 9, hash: 'question' }],
  ];
}
