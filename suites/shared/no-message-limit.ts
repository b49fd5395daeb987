import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';
import { isLimitCode } from '../../harness/wording.js';

// A server that reads no faster than it likes holds its clients back by TCP, and tells them nothing. Whether that is a limit or
// all it can do cannot be seen from outside: inconclusive, as is a close that says something else. Dropping in silence is no limit
// that says so.
export default defineCheck({
  id: 'no-message-limit',
  protocols: ['websocket', 'grpc'],
  level: 'SHOULD',
  antiPattern: null,
  role: 'server',
  scenario: 'limits',
  title: 'SHOULD limit what one client sends, and say so: 1,000 messages a second',
  why: 'One client in a loop, by mistake or by intent, takes the time of all others; in a broadcast each of its messages is multiplied by their number.',
  fix: 'Count messages a client and a second (a token bucket), and answer an excess with an error message or a close with 1008 or 1013. A proxy in front sees no messages and cannot do it.',
  source:
    'CHECKLIST; RFC 6455 7.4.1, 1008: "can be returned when there is no other more suitable status code (e.g., 1003 or 1009)"',
  inProtocol: {
    grpc: {
      fix: 'Count messages, or calls, of a client and a second (a token bucket in an interceptor), and answer an excess with RESOURCE_EXHAUSTED, with RetryInfo or grpc-retry-pushback-ms. A proxy in front sees no messages of a stream.',
      source:
        'CHECKLIST; statuscodes.md, RESOURCE_EXHAUSTED: "Some resource has been exhausted, perhaps a per-user quota"',
    },
  },
  measured: { limitedAt: 'messages', sent: 'messages', answered: 'messages', code: 'close code or gRPC status' },
  expect: { minPerS: 750 },
  samples: 'sent',
  judge(history, { expect }) {
    const flood = history.measures('messages')[0];
    if (!flood) {
      return history.measures('workload')[0]?.facts.form === 'none'
        ? skipped('what it does with a message of a client could not be seen: it answers none')
        : inconclusive('no messages were sent');
    }
    const { sent, tookMs, answered, heldBack, told, ended, code, says, alive } = flood.facts;
    const limited = told === true || ended === true;
    const measured = {
      limitedAt: limited ? Number(sent) : null,
      sent: Number(sent),
      answered: Number(answered),
      code: code ?? null,
    };
    const seen = { measured, because: [flood] };
    const inTime = `${sent} messages in ${inWords(Number(tookMs))}`;
    if (alive === false) return fail(`the server died of ${inTime}`, seen);
    if (told === true) return pass(`said so in a message after ${inTime}`, seen);
    if (ended === true) {
      if (says === true || isLimitCode(code)) return pass(`closed with ${code} after ${inTime}`, seen);
      return code === null || code === 1005
        ? fail(`ended the session without a word after ${inTime}`, seen)
        : inconclusive(`closed with ${code} after ${inTime}: that it was too much is not said`, seen);
    }
    if (heldBack === true)
      return inconclusive(`took ${inTime} slower than they came: held back by TCP, or as fast as it can`, seen);
    if (Number(sent) < ((expect.minPerS ?? 750) * Number(tookMs)) / 1000)
      return inconclusive(`only ${inTime} could be sent`, seen);
    return Number(answered) < Number(sent)
      ? fail(`took ${inTime}, answered ${answered} of them, and said nothing`, seen)
      : fail(`took and answered all ${inTime} of one client`, seen);
  },
  examples: { pass: story(500, true), fail: story(6500, false) },
});

function story(sent: number, ended: boolean): EventBodyAt[] {
  const code = ended ? 1008 : null;
  const rest = { heldBack: false, told: false, says: false, alive: true };
  return [
    [0, { type: 'measure', name: 'messages', facts: { sent, tookMs: sent, answered: sent, ended, code, ...rest } }],
  ];
}
