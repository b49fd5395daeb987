import type { EventBodyAt } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inKiB, inWords } from '../../harness/numbers.js';

export default defineCheck({
  id: 'grpc/stalled-sibling',
  level: 'SHOULD',
  antiPattern: null,
  role: 'server',
  scenario: 'one-connection',
  title: 'SHOULD go on with the other streams of a connection when one of them is not read',
  why: 'A client has one connection for all its calls: where one slow screen holds up all the others, it looks as if the whole server hung, and only a restart of the client helps.',
  fix: 'Wait for each stream on its own (a task or goroutine with its own bounded queue for each), never in a loop over all of them, and never with a lock for the connection held.',
  source:
    'RFC 9113, 5.2: "flow control ... ensures that streams on the same connection do not destructively interfere with each other"; CHECKLIST stalled-sibling: "the others go on"',
  measured: {
    siblings: 'streams',
    longestGapMs: 'ms without a message, of the siblings',
    baselineGapMs: 'ms',
    witnessGapMs: 'ms, on another connection',
    withheldBytes: 'bytes of the unread stream',
  },
  expect: { maxGapMs: 2000, stalledMs: 4500, minWithheldBytes: 128 * 1024 },
  samples: 'siblings',
  decidedBy: [['longestGapMs', 'maxGapMs']],
  streams: 'endless',
  patterns: ['server-streaming', 'bidirectional'],
  judge(history, { expect }) {
    const { maxGapMs = 2000, stalledMs = 4500, minWithheldBytes = 128 * 1024 } = expect;
    const told = history.measures('siblings')[0];
    if (!told) return inconclusive('no stream was left unread');
    const facts = told.facts;
    const gapMs = Number(facts.longestGapMs);
    const measured = {
      siblings: Number(facts.siblings),
      longestGapMs: gapMs,
      baselineGapMs: Number(facts.baselineGapMs),
      witnessGapMs: Number(facts.witnessGapMs),
      withheldBytes: Number(facts.withheldBytes),
    };
    const bites = history.bites('unread-stream');
    const details = { measured, because: [...bites, told] };
    if (measured.siblings === 0)
      return skipped('it allows one stream on a connection: there are no siblings', { measured });
    if (measured.baselineGapMs > maxGapMs / 2)
      return skipped('needs --pressure-env or a server that sends at least twice a second', { measured });
    if (facts.connected === false)
      return fail('ended the whole connection when one of its streams was not read', details);
    if (Number(facts.ended) > 0) return inconclusive('a sibling ended while another stream was not read', details);
    if (bites.length === 0 && facts.unreadEnded !== true)
      return skipped('needs --pressure-env: it sends too little to fill the window of a stream', { measured });
    if (gapMs > stalledMs) {
      const all = measured.witnessGapMs > stalledMs ? ', and so did a stream of another connection' : '';
      return fail(`the other streams of the connection stood still for ${inWords(gapMs)}${all}`, details);
    }
    if (gapMs > maxGapMs)
      return inconclusive(`the other streams of the connection waited for ${inWords(gapMs)}`, details);
    if (measured.withheldBytes < minWithheldBytes)
      return skipped(
        `needs --pressure-env: ${inKiB(Math.max(0, measured.withheldBytes))} beyond its window are less than libraries keep for a stream`,
        { measured },
      );
    return pass(
      `${measured.siblings} other streams went on, at most ${inWords(gapMs)} without a message, while ${inKiB(measured.withheldBytes)} of one went unread`,
      details,
    );
  },
  examples: { pass: story(220), fail: story(9800) },
});

function story(longestGapMs: number): EventBodyAt[] {
  const gaps = { baselineGapMs: 20, longestGapMs, witnessGapMs: 40 };
  const ends = { ended: 0, witnessEnded: false, connected: true, unreadEnded: false };
  const facts = { siblings: 3, windowBytes: 65_535, withheldBytes: 900_000, ...gaps, ...ends };
  return [
    [3000, { type: 'fault', fault: 'unread-stream', what: 'bite', who: 'u', facts: { windowBytes: 65_535 } }],
    [13_000, { type: 'measure', name: 'siblings', facts }],
  ];
}
