import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { data, entriesOf, fieldOf, reportsOf } from '../../harness/ledger.js';
import { cutsOf } from './delivery-evidence.js';
import { outboundStory, stalled, underWay } from './outbound-evidence.js';

/** Sent this long before a cut, a message may still be under way when it comes. */
const UNDER_WAY_MS = 200;

export default defineCheck({
  id: 'lost-outbound',
  protocols: ['websocket', 'grpc'],
  inProtocol: {
    grpc: {
      why: 'A call that ends with UNAVAILABLE may have been executed or not, and a message that was written to a stream may never have left. Who looks at neither has lost it: the order was placed, and nobody ever got it.',
      fix: 'Look at the status of each call; number what you send, send it again with a key that makes that harmless, and tell the user of what is given up ({"event":"unsent","id":…}).',
    },
  },
  level: 'MUST',
  antiPattern: 5,
  role: 'client',
  scenario: 'cuts',
  title: 'MUST bring each message that was sent to the server once it is back, or report it as unsent',
  why: 'What is handed to a socket that is about to die is gone, and most libraries say nothing: the order was placed, the message was sent, and nobody ever got it.',
  fix: 'Number what you send, keep it until the server has answered it, send it again after a reconnection, and tell the user of what is given up ({"event":"unsent","id":…}).',
  source: 'CHECKLIST: what the client reports as sent against what reached the server',
  measured: { sent: 'messages', arrived: 'messages', silentLost: 'messages' },
  expect: { minAtRisk: 3 },
  samples: 'sent',
  needs: ['no-reconnect'],
  judge(history, { target, expect }) {
    // What it said before it had a connection is not about cuts.
    const sent = reportsOf(history, 'sent').filter(({ event }) => event.t >= (history.phaseAt('baseline') ?? 0));
    if (sent.length === 0) return skipped('needs the client to report {"event":"sent","id":…} on stdout');
    const cuts = cutsOf(history);
    if ('outcome' in cuts) return cuts;
    const { away, calmTo } = cuts;
    const left = data(history, 'victim', 'up');
    const calm = sent.filter(({ event }) => event.t < calmTo);
    const field = fieldOf(calm, left);
    if (field === undefined)
      return inconclusive('the ids that it reports as sent are not found in the messages that it sends', {
        because: [],
      });
    const reached = new Set(entriesOf(data(history, 'victim-far', 'up'), field).map(({ key }) => key));
    const under = underWay(left, data(history, 'victim-far', 'up'), field);
    const unsent = new Set(reportsOf(history, 'unsent').map(({ key }) => key));
    // What was sent after the last return has not met a cut.
    const settledAt = away.at(-1)?.to ?? 0;
    const judged = sent.filter(({ event }) => event.t < settledAt);
    const atRisk = judged.filter(({ event: { t } }) => away.some(({ from, to }) => t > from - UNDER_WAY_MS && t < to));
    const arrived = judged.filter(({ key }) => reached.has(key));
    const lost = judged.filter(({ key }) => !reached.has(key) && !unsent.has(key));
    const measured = { sent: judged.length, arrived: arrived.length, silentLost: lost.length };
    if (calm.some(({ key }) => !reached.has(key)))
      return inconclusive('some of what it reports as sent did not reach the server on a healthy path either', {
        measured,
      });
    const because = [...history.measures('back'), ...lost.slice(0, 3).map(({ event }) => event)];
    const details = { measured, because, view: 'application' as const };
    if (lost.length > 0) {
      const actual = `${lost.length} of ${judged.length} messages never reached the server, and it did not say so`;
      return stalled(history, settledAt, reached) && !target.server
        ? inconclusive(
            'it sends nothing more, and may wait for answers that our server does not know: needs --server',
            { actual, ...details },
          )
        : fail(actual, details);
    }
    if (!judged.some(({ key }) => under.has(key)))
      return inconclusive('nothing that it sent was under way when it was cut', details);
    if (atRisk.length < (expect.minAtRisk ?? 3))
      return inconclusive(`only ${atRisk.length} messages were sent while it was cut`, details);
    const given = judged.length - arrived.length;
    return pass(
      `${arrived.length} of ${judged.length} messages reached the server${given > 0 ? `, ${given} were reported as unsent` : ''}`,
      details,
    );
  },
  examples: { pass: outboundStory(true), fail: outboundStory(false) },
});
