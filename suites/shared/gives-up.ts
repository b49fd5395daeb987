import type { HistoryView } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords, mean } from '../../harness/numbers.js';
import { COPY_GATE, type Outage, outageOf } from '../../harness/outage.js';
import { outageStory, unready } from './outage-evidence.js';

/** A delay drawn at random may be short by chance, and the next one long: so many times the longest must have passed. */
const PATIENCE = 2.5;
/** The next delay may grow by what the last ones grew by, and by the jitter of both: Twisted grows by e, without a cap in sight. */
const GROWTH_MARGIN = 1.5;

export default defineCheck({
  id: 'gives-up',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      fix: 'Issue the call again for as long as it is wanted, with waitForReady: the attempts of a retry policy (at most 5) are over in seconds, and a channel without a call makes no connection.',
    },
  },
  level: 'SHOULD',
  antiPattern: 3,
  role: 'client',
  scenario: 'outage',
  title: 'SHOULD go on trying for as long as an outage lasts',
  why: 'A client that stops after a number of attempts stays offline after the first outage that is longer, until somebody reloads it.',
  fix: 'Retry without a limit, at the cap of the backoff; tell the user, and offer a button, instead of stopping.',
  source:
    'CHECKLIST rule 20: after the outage max(30 s, 1.5 x the last delay) is waited before "gave up"; a process that exited has',
  measured: { lastAttemptAtMs: 'ms after the cut', retryLimit: 'attempts' },
  expect: { minOutageMs: 60_000, minPatienceMs: 30_000 },
  scaled: ['minOutageMs', 'minPatienceMs'],
  judge(history, { expect, target }) {
    const outage = outageOf(history, target);
    const why = unready(history, outage);
    if (why || !outage) return why ?? inconclusive('no outage was made');
    const after = comesAgain(history, outage);
    const watched = history.measures('returned copies')[0];
    if (!watched) return inconclusive('nobody watched whether it came back');
    // Later ones are our own doing.
    const exited = new Set(
      history.of('process').flatMap(({ what, process, t }) => (what === 'exit' && t <= watched.t ? [process] : [])),
    );
    const tried = outage.attempts.flatMap((list) => {
      const last = list.at(-1);
      return last ? [{ attempts: list.length, last }] : [];
    });
    const quitters = tried.filter(({ last }) => !after.has(last.first.gate));
    const lastAttemptAtMs = Math.round(Math.max(...tried.map(({ last }) => last.startAt)) - outage.cutAt);
    const limits = quitters.map(({ attempts }) => attempts);
    const measured = { lastAttemptAtMs, retryLimit: limits.length > 0 ? Math.max(...limits) : null };
    const because = quitters.length > 0 ? [...quitters.map(({ last }) => last.first), watched] : [watched];
    const longestMs = Math.max(...outage.delays.flat());
    const patience = Math.max(PATIENCE, GROWTH_MARGIN * lastGrowth(outage.delays));
    const patienceMs = Math.max(expect.minPatienceMs ?? 30_000, patience * longestMs);
    const waiting = quitters.find(({ last }) => !exited.has(last.first.gate) && watched.t - last.endAt < patienceMs);
    const lasted = outage.endAt - outage.cutAt;
    if (waiting)
      return inconclusive(
        `watched for only ${inWords(watched.t - waiting.last.endAt)} after its last attempt, with delays of up to ${inWords(longestMs)}: it may still be waiting (--long)`,
        { measured, because },
      );
    if (quitters.length > 0)
      return fail(
        `${quitters.length} of ${tried.length} processes gave up after ${[...new Set(limits)].join(', ')} attempts, the last ${inWords(lastAttemptAtMs)} after the cut`,
        { measured, because },
      );
    if (lasted < (expect.minOutageMs ?? 60_000))
      return inconclusive(`the outage lasted only ${inWords(lasted)}`, { measured, because });
    const most = Math.max(...tried.map(({ attempts }) => attempts));
    return pass(`still trying after ${inWords(lasted)} and up to ${most} attempts; it was not watched longer`, {
      measured,
      because,
    });
  },
  examples: { pass: story(true), fail: story(false) },
});

/** The gates at which somebody came after the outage. A channel of gRPC comes without a call too, and is not the program then. */
function comesAgain(history: HistoryView, { endAt, again }: Outage): ReadonlySet<string> {
  const calls = history.of('handshake').filter(({ dir, rpc }) => dir === 'up' && rpc !== undefined);
  const starts = history.of('connection').filter(({ what }) => what === 'start');
  const came = calls.length > 0 ? calls : starts;
  return new Set(came.filter(({ t }) => t >= endAt && t < (again?.cutAt ?? Infinity)).map(({ gate }) => gate));
}

/** By how much the means over processes grew in the last two steps, the larger of the two. */
function lastGrowth(delays: readonly (readonly number[])[]): number {
  const longest = Math.max(0, ...delays.map(({ length }) => length));
  const means = Array.from({ length: longest }, (_, k) => mean(delays.flatMap((list) => list[k] ?? [])));
  const ratios = means.map((ms, k) => ms / (means[k - 1] ?? ms)).filter(Number.isFinite);
  return Math.max(1, ...ratios.slice(-2));
}

/** Four attempts each, then nothing or a return. */
function story(returns: boolean) {
  const events = outageStory([1000, 2000, 4000, 8000], 0.2);
  const back = Array.from({ length: 8 }, (_, i) => [70_500, start(i)] as const);
  return [
    ...events,
    ...(returns ? back : []),
    [100_000, { type: 'measure', name: 'returned copies', facts: { copies: 8, back: returns ? 8 : 0 } }] as const,
  ];
}

function start(i: number) {
  return { type: 'connection', gate: `${COPY_GATE}${i}`, conn: 99, what: 'start' } as const;
}
