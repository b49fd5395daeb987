import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { deliveriesOf, deliveryStory, EVERY_ID, measuredOf } from './delivery-evidence.js';

export default defineCheck({
  id: 'duplicate-delivery',
  protocols: ['websocket', 'sse', 'grpc'],
  patterns: ['server-streaming', 'bidirectional'],
  level: 'MUST',
  antiPattern: 5,
  role: 'client',
  scenario: 'cuts',
  title: 'MUST let the application see no message twice, late, sliced or cut as the connection may be',
  why: 'The replay after a reconnection and what was under way before it overlap. Without ids that are compared, orders are placed and totals are added twice.',
  fix: 'Keep the ids that were handled (or the last, where they rise) and drop what was seen before it reaches the application.',
  source:
    'CHECKLIST rules 8 to 10: against an undisturbed witness. On the wire it can be told that nothing came again, not what the application made of what did',
  measured: { missed: 'messages', lost: 'messages', duplicated: 'messages', reordered: 'messages' },
  expect: { minMissed: 10 },
  samples: 'missed',
  needs: ['no-reconnect', 'no-replay'],
  unless: (target) =>
    target.delivery === 'latest' ? 'delivery is declared `latest`: messages may be dropped' : undefined,
  judge(history, { target, expect }) {
    const ledger = deliveriesOf(history, target, expect.minMissed ?? 10);
    if ('outcome' in ledger) return ledger;
    const { view, duplicated, calm } = ledger;
    const measured = measuredOf(ledger);
    const backs = history.measures('back');
    if (duplicated.length === 0) {
      const where = view === 'wire' ? 'its socket' : 'the application';
      return pass(`nothing came to ${where} again over ${backs.length} cuts`, { measured, view, because: backs });
    }
    const because = [...backs, ...duplicated.slice(0, 3).map(({ event }) => event)];
    const actual = `${duplicated.length} messages came again`;
    if (calm.duplicated > 0)
      return inconclusive(`${calm.duplicated} messages came again on a healthy path too`, {
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
  // One repeat of the very last id is the boundary of a replay, and fine (rule 9).
  examples: {
    pass: deliveryStory([...EVERY_ID.slice(0, 20), 19, ...EVERY_ID.slice(20)]),
    fail: deliveryStory([...EVERY_ID.slice(0, 20), 17, 18, 19, ...EVERY_ID.slice(20)]),
  },
});
