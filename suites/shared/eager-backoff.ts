import { IMMEDIATE_MS, stallOf } from '../../harness/attempts.js';
import type { HistoryView } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { deviation, inWords, mean } from '../../harness/numbers.js';
import { outageOf } from '../../harness/outage.js';
import { BACKOFF } from './connection-backoff.js';
import { outageStory, unready } from './outage-evidence.js';

/** Beyond what the server itself asks for by `retry:`: a delay of the client's own on top. */
const OVER_ASKED = 1.5;
/** A timer of 5,000 ms is never exact, and waits no longer than 5 s for that (rule 11). */
const INEXACT = 1.05;
/** Two standard errors and a little: a mean of eight draws is that far off in 5 of 100 runs (Student's t, 7 degrees). */
const ERRORS = 2.36;

export default defineCheck({
  id: 'eager-backoff',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      fix: 'Leave the channel at its 1 s (initial reconnect backoff), and wait about as long before the call is issued again, drawn at random.',
      source: `CHECKLIST: backoff from 1 s; one immediate attempt before it is fine (rule 6). ${BACKOFF}`,
    },
  },
  level: 'SHOULD',
  antiPattern: 3,
  role: 'client',
  scenario: 'outage',
  title: 'SHOULD wait 0.5 to 5 s on average before the first attempt that is not immediate',
  why: 'A first delay of a few milliseconds meets a server that is not up yet; one of many seconds leaves the user offline after the shortest hiccup.',
  fix: 'Start the backoff at about 1 s, drawn at random around it; a server of a stream of events says so by `retry:`.',
  source: 'CHECKLIST: backoff from 1 s; one immediate retry before it is fine (rule 6)',
  measured: { firstDelayMs: 'ms, mean over processes' },
  expect: { minFirstMs: 500, maxFirstMs: 5000 },
  decidedBy: [
    ['firstDelayMs', 'minFirstMs'],
    ['firstDelayMs', 'maxFirstMs'],
  ],
  scaled: ['minFirstMs', 'maxFirstMs'],
  controls: { fixed: 'pass', exponential: 'fail', decorrelated: 'pass' },
  judge(history, { expect, target }) {
    const outage = outageOf(history, target);
    const why = unready(history, outage);
    if (why || !outage) return why ?? inconclusive('no outage was made');
    const { curve, delays, immediate } = outage;
    if (curve.means.length > 0 && curve.means.every((ms) => ms <= IMMEDIATE_MS))
      return skipped('follows from hot-retry: every attempt is immediate');
    const index = immediate ? 1 : 0;
    const firsts = delays.flatMap((list) => list[index] ?? []);
    const because = outage.attempts.flatMap((list) => list[index]?.first ?? []);
    if (firsts.length < Math.min(3, outage.attempts.length))
      return inconclusive(`only ${firsts.length} processes made such an attempt`, { because });
    const ms = mean(firsts);
    const last = Math.max(outage.cutAt, ...because.map(({ t }) => t));
    // A stamp may be late by as long as the gates' own process stood still.
    const stallMs = stallOf(history, outage.cutAt, last);
    const error = stallMs + (ERRORS * deviation(firsts)) / Math.sqrt(firsts.length);
    const measured = { firstDelayMs: Math.round(ms) };
    const asked = askedMs(history, outage.cutAt);
    const least = Math.min(expect.minFirstMs ?? 500, ...asked);
    const most = INEXACT * Math.max(expect.maxFirstMs ?? 5000, ...asked.map((askedFor) => OVER_ASKED * askedFor));
    const said = `${inWords(ms)} on average${index === 1 ? ' after an immediate one' : ''}`;
    if (ms - stallMs >= least && ms <= most) return pass(said, { measured, because });
    if (ms + error < least || ms - error > most) return fail(said, { measured, because });
    return inconclusive(`${said}, too near the limit for ${firsts.length} draws (--copies)`, { measured, because });
  },
  examples: {
    pass: outageStory([1000, 2000, 4000, 8000], 0.3),
    fail: outageStory([200, 400, 800, 1600], 0.1),
  },
});

/** What streams of events were told to wait before they come back [WHATWG HTML 9.2.6]. */
function askedMs(history: HistoryView, before: number): number[] {
  return history
    .of('message')
    .flatMap(({ dir, fields, t }) =>
      dir === 'down' && t < before && typeof fields?.retry === 'number' ? fields.retry : [],
    );
}
