import { stalledFor } from '../../harness/attempts.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';
import { isFinding, refusedStory, refusedWith } from './turned-away-evidence.js';

const STATUSES = [401, 403] as const;

export default defineCheck({
  id: 'retries-forbidden',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      title: 'SHOULD call at most 3 times in 30 s where it is refused with UNAUTHENTICATED or PERMISSION_DENIED',
      fix: 'Keep these two codes out of what is tried again (retryableStatusCodes, a loop of your own): renew the credential first, or stop and tell the user; at least wait 15 s.',
      source:
        'CHECKLIST: at most 3 attempts in 30 s; gRPC status codes: UNAVAILABLE "is most likely a transient condition, which can be corrected by retrying with a backoff", UNAUTHENTICATED: "The request does not have valid authentication credentials for the operation"',
    },
  },
  level: 'SHOULD',
  antiPattern: 2,
  role: 'client',
  scenario: 'turned-away',
  title: 'SHOULD make at most 3 attempts in 30 s where it is refused with 401 or 403',
  why: 'A credential that was refused is refused again. A client that goes on trying hammers the login of everybody, may lock its own account, and never tells its user why.',
  fix: 'On 401 or 403 renew the credential first, or stop and tell the user; at least wait 15 s. A page cannot see the status that met a WebSocket or an EventSource: let the server accept and close with a 44xx code, or send an event that says so; or ask by fetch after a failed attempt.',
  source:
    'CHECKLIST: at most 3 attempts in 30 s; RFC 9110, 15.5.2: "If the request included authentication credentials, then the 401 response indicates that authorization has been refused for those credentials", 15.5.4: "The client SHOULD NOT automatically repeat the request with the same credentials"',
  measured: { attempts: 'in 30 s, the most of 401 and 403' },
  expect: { maxAttempts: 3, windowMs: 30_000 },
  decidedBy: [['attempts', 'maxAttempts']],
  scaled: ['windowMs'],
  patterns: ['server-streaming', 'bidirectional'],
  judge(history, { expect }) {
    const { windowMs = 30_000, maxAttempts = 3 } = expect;
    const seen = STATUSES.map((status) => refusedWith(history, status));
    const counted = seen.flatMap((one) => {
      if (isFinding(one)) return [];
      const [first] = one.attempts;
      const from = first?.startAt ?? 0;
      const within = one.attempts.filter(({ startAt }) => startAt < from + windowMs);
      // On a machine that stood still the client's delays were longer than they are.
      const slackMs = stalledFor(history, from, from + windowMs);
      const soon = one.attempts.filter(({ startAt }) => startAt < from + windowMs + slackMs);
      return [{ ...one, within, soon, slackMs, watchedMs: one.seenUntil - from }];
    });
    const most = counted.toSorted((a, b) => b.within.length - a.within.length)[0];
    if (!most) return seen.find(isFinding) ?? inconclusive('nobody was refused');
    const measured = { attempts: most.within.length };
    const because = [...most.bites.slice(0, 1), ...most.within.slice(0, 6).map(({ first }) => first)];
    const words = counted.map(({ name, within, held, exited }) => {
      const each = held > 1 ? `, of a client with ${held} calls` : '';
      return `${within.length} after ${name}${each}${exited ? ', then its process ended' : ''}`;
    });
    const said = `attempts in ${inWords(windowMs)}: ${words.join('; ')}`;
    if (counted.some(({ within, held }) => within.length > held * maxAttempts))
      return fail(said, { measured, because });
    const open = seen.find(isFinding);
    if (open) return open;
    if (counted.some(({ watchedMs, slackMs, exited }) => !exited && watchedMs < windowMs + slackMs))
      return inconclusive(`${said}; it was not watched for long enough`, { measured, because });
    if (counted.some(({ soon, held }) => soon.length > held * maxAttempts))
      return inconclusive(`${said}, and one more so soon after that a quieter machine may have seen it in time`, {
        measured,
        because,
      });
    return pass(said, { measured, because });
  },
  examples: { pass: story([1000, 17_000]), fail: story([1000, 3000, 7000, 15_000]) },
});

function story(startsAt: readonly number[]) {
  return STATUSES.flatMap((status) => refusedStory(status, null, startsAt));
}
