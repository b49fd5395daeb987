import { fetchedByOther } from '../../harness/called-method.js';
import type { HistoryView, Target } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fieldOfSlot } from '../../harness/drivers/resume.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { canonical, type Entry, type Ledger } from '../../harness/ledger.js';
import { deliveriesOf, deliveryStory, EVERY_ID, measuredOf } from './delivery-evidence.js';

export default defineCheck({
  id: 'message-loss',
  protocols: ['websocket', 'sse', 'grpc'],
  patterns: ['server-streaming', 'bidirectional'],
  level: 'MUST',
  antiPattern: 5,
  role: 'client',
  scenario: 'cuts',
  title: 'MUST let no message be lost to late, sliced or cut connections',
  why: 'Each reconnection is a gap, and what fell into it is missed by nobody until the numbers do not add up.',
  fix: 'Present the id of the last message that was handled, attach the handlers before the connection opens, and bound no queue without a word.',
  source:
    'CHECKLIST rules 8 to 10: against an undisturbed witness. On the wire only what never came can be told from what the application dropped',
  measured: { missed: 'messages', lost: 'messages', duplicated: 'messages', reordered: 'messages' },
  expect: { minMissed: 10 },
  samples: 'missed',
  needs: ['no-reconnect', 'no-resume', 'no-replay'],
  unless: (target) =>
    target.delivery === 'latest' ? 'delivery is declared `latest`: messages may be dropped' : undefined,
  judge(history, { target, expect }) {
    const ledger = deliveriesOf(history, target, expect.minMissed ?? 10);
    if ('outcome' in ledger) return ledger;
    const { view, lost, missed } = ledger;
    const measured = measuredOf(ledger);
    const where = view === 'wire' ? 'its socket' : 'the application';
    if (lost.length === 0)
      return pass(`all of ${missed} messages that passed when it was cut came to ${where}`, {
        measured,
        view,
        because: history.measures('back'),
      });
    const because = [...history.measures('back'), ...lost.slice(0, 3).map(({ event }) => event)];
    const actual = `${lost.length} of ${missed} messages that passed when it was cut never came to ${where}`;
    const doubt = doubtOf(history, target, ledger);
    return doubt === undefined
      ? fail(actual, { measured, view, because })
      : inconclusive(doubt, { actual, measured, view, because });
  },
  examples: { pass: deliveryStory(EVERY_ID), fail: deliveryStory(EVERY_ID.filter((n) => n < 24 || n > 28)) },
});

/** Why what is missing may not be lost. */
function doubtOf(history: HistoryView, target: Target, { view, calm, named }: Ledger): string | undefined {
  if (calm.lost > 0) return `it left out ${calm.lost} messages on a healthy path too`;
  // Rule 9: to fetch them again over HTTP is fine, and what such an answer holds is not decoded.
  const answers = history.of('handshake').filter(({ gate, dir }) => gate === 'victim' && dir === 'down');
  const fetched =
    fetchedByOther(history, history.phaseAt('fault', 'trouble') ?? 0) ??
    answers.find(({ status, opens, stream }) => status !== 101 && opens !== true && stream === undefined);
  if (view === 'wire' && fetched) return 'it asked for something else, which may have held them';
  // Rule 10: our reference server replays to who presents an id where it was said to.
  if (!target.server && named !== undefined && !isNamedInSlot(target, named))
    return 'it names its last ids, but how the server should read them is not declared: name it with --resume';
  return undefined;
}

function isNamedInSlot({ resume }: Target, { key, event }: Entry): boolean {
  const name = fieldOfSlot(resume);
  if (resume === undefined || name === undefined) return resume !== undefined;
  const value = event.type === 'handshake' ? event.fields?.[name] : undefined;
  return value !== undefined && canonical(value) === key;
}
