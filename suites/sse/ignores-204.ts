/**
 * WHATWG HTML 9.2.1: "Clients will reconnect if the connection is closed; a client can be told to stop reconnecting using the HTTP
 * 204 No Content response code."
 */
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';
import { STOPS } from '../shared/event-source-standard.js';
import { isFinding, refusedStory, refusedWith } from '../shared/turned-away-evidence.js';

const NO_CONTENT = 204;

export default defineCheck({
  id: 'sse/ignores-204',
  level: 'MUST',
  antiPattern: 3,
  role: 'client',
  scenario: 'turned-away',
  title: 'MUST stop when its reconnection is answered with 204',
  why: 'It is the only way in which a server can say that a stream is over for good. A client that goes on asking for it keeps the server busy for as long as its process lives.',
  fix: 'On 204 stop, and tell the application that the stream is over; fetch takes 204 for a success (response.ok), so look at the status itself.',
  source: `WHATWG HTML 9.2.1: "a client can be told to stop reconnecting using the HTTP 204 No Content response code"; ${STOPS}`,
  measured: { attemptsAfter: 'attempts after the one that was answered with 204', watchedMs: 'ms after it' },
  expect: { minWatchedMs: 30_000 },
  scaled: ['minWatchedMs'],
  judge(history, { expect }) {
    const refused = refusedWith(history, NO_CONTENT);
    if (isFinding(refused)) return refused;
    const { attempts, bites, exited, seenUntil } = refused;
    const [first, ...later] = attempts;
    const watchedMs = Math.round(seenUntil - (first?.endAt ?? seenUntil));
    const measured = { attemptsAfter: later.length, watchedMs };
    const because = [...bites.slice(0, 1), ...attempts.slice(0, 4).map((attempt) => attempt.first)];
    const next = later[0];
    if (first && next) {
      const said = `came ${later.length} more times, first ${inWords(next.startAt - first.endAt)} after it was answered with 204`;
      return fail(said, { measured, because });
    }
    const how = exited ? 'its process ended after 204' : `made no further attempt in ${inWords(watchedMs)} after 204`;
    if (!exited && watchedMs < (expect.minWatchedMs ?? 30_000))
      return inconclusive(`${how}; it was not watched for longer`, { measured, because });
    return pass(how, { measured, because });
  },
  examples: { pass: refusedStory(NO_CONTENT, null, [1000]), fail: refusedStory(NO_CONTENT, null, [1000, 4000, 7000]) },
});
