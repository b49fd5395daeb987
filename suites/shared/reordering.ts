import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { deliveriesOf, deliveryStory, EVERY_ID, measuredOf } from './delivery-evidence.js';

export default defineCheck({
  id: 'reordering',
  protocols: ['websocket', 'sse', 'grpc'],
  patterns: ['server-streaming', 'bidirectional'],
  level: 'MUST',
  antiPattern: 5,
  role: 'client',
  scenario: 'cuts',
  title: 'MUST let the application see the messages in their order, late, sliced or cut as the connection may be',
  why: 'A replay that runs beside the live messages, or a handler that awaits, lets an older state overwrite a newer one.',
  fix: 'Hand the replay on wholly before the live messages, and handle one message after another.',
  source:
    'CHECKLIST rules 8 to 10: against an undisturbed witness. On the wire it can be told that nothing came out of order, not what the application made of what did',
  measured: { missed: 'messages', lost: 'messages', duplicated: 'messages', reordered: 'messages' },
  expect: { minMissed: 10 },
  samples: 'missed',
  needs: ['no-reconnect', 'no-replay'],
  unless: (target) =>
    target.delivery === 'latest' ? 'delivery is declared `latest`: messages may be dropped' : undefined,
  judge(history, { target, expect }) {
    const ledger = deliveriesOf(history, target, expect.minMissed ?? 10);
    if ('outcome' in ledger) return ledger;
    const { view, reordered, calm } = ledger;
    const measured = measuredOf(ledger);
    const backs = history.measures('back');
    if (reordered.length === 0) {
      const where = view === 'wire' ? 'its socket' : 'the application';
      return pass(`nothing came to ${where} out of order over ${backs.length} cuts`, {
        measured,
        view,
        because: backs,
      });
    }
    const because = [...backs, ...reordered.slice(0, 3).map(({ event }) => event)];
    const actual = `${reordered.length} messages came out of order`;
    if (calm.reordered > 0)
      return inconclusive(`${calm.reordered} messages came out of order on a healthy path too`, {
        actual,
        measured,
        view,
        because,
      });
    return view === 'application'
      ? fail(actual, { measured, view, because })
      : inconclusive('what the application makes of it is not seen: report the ids on stdout', {
          actual,
          measured,
          view,
          because,
        });
  },
  examples: {
    pass: deliveryStory(EVERY_ID),
    fail: deliveryStory([...EVERY_ID.slice(0, 30), 32, 30, 31, ...EVERY_ID.slice(33)]),
  },
});
