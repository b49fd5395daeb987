import type { EventBodyAt, HistoryView } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { mean } from '../../harness/numbers.js';
import { farewellsOf, goodbyeLabel } from '../../harness/turned-away.js';
import { type Part, retryAfter, retryField, tryAgainLater } from './retry-hint-evidence.js';
import { goodbyeStory, refusedStory } from './turned-away-evidence.js';

const STATUSES = [503, 429] as const;
export default defineCheck({
  id: 'ignores-retry-hint',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      why: 'A pushback, or RetryInfo, is how an overloaded server sends its clients away for long enough to recover. Clients that come back at their own pace keep it down.',
      fix: 'Read grpc-retry-pushback-ms, and RetryInfo in grpc-status-details-bin, from the trailing metadata of UNAVAILABLE and RESOURCE_EXHAUSTED, and wait for the larger of it and your own delay; a retryPolicy in the service config heeds the former by itself.',
      source:
        'gRFC A6, "Pushback": "Servers may explicitly pushback by setting metadata in their response to the client. The pushback can either tell the client to retry after a given delay or to not retry at all"; google/rpc/error_details.proto, RetryInfo: "Clients should wait at least this long between retrying the same request"',
    },
  },
  level: 'SHOULD',
  antiPattern: 3,
  role: 'client',
  scenario: 'turned-away',
  title: 'SHOULD not come back sooner than the server asks for',
  why: 'Retry-After, and "try again later", are how an overloaded server sends its clients away for long enough to recover. Clients that come back at their own pace keep it down.',
  fix: 'Take the larger of your own delay and Retry-After (ws: "unexpected-response"; Python websockets: InvalidStatus.response), and wait longer after a close with 1013; of a stream of events keep the last `retry:` and wait no less. A page cannot read the header: there the server has to let it in and close with 1013, or send `retry:`.',
  source:
    'RFC 9110, 10.2.3: "Servers send the "Retry-After" header field to indicate how long the user agent ought to wait before making a follow-up request"; 1013: CHECKLIST rule 21, longer than its delay after 1001 (the registration says: reconnect "upon user action"); `retry:`: WHATWG HTML 9.2.6, "set the event stream\'s reconnection time to that integer", and 9.2.3, "Wait a delay equal to the reconnection time of the event source"',
  measured: { askedMs: 'ms', waitedMs: 'ms, the shortest', after1001Ms: 'ms, mean', after1013Ms: 'ms, mean' },
  expect: { longerAbove: 1.25, sameBelow: 1.8 },
  patterns: ['server-streaming', 'bidirectional'],
  judge(history, { expect, target }) {
    const hasCodes = target.protocol === 'websocket';
    const parts = [
      ...STATUSES.map((status) => retryAfter(history, status, target)),
      ...(hasCodes ? [tryAgainLater(history, expect)] : []),
      ...(target.protocol === 'sse' ? [retryField(history)] : []),
    ];
    const asked = parts.filter(({ waitedMs }) => waitedMs !== undefined);
    const shortest = asked.toSorted((a, b) => (a.waitedMs ?? 0) - (b.waitedMs ?? 0))[0];
    const measured = {
      askedMs: shortest?.askedMs ?? null,
      waitedMs: shortest?.waitedMs === undefined ? null : Math.round(shortest.waitedMs),
      after1001Ms: hasCodes ? rounded(delays(history, [0, 2])) : null,
      after1013Ms: hasCodes ? rounded(delays(history, [1])) : null,
    };
    const because = parts.flatMap((part) => part.because);
    const say = (states: readonly Part['state'][]) =>
      parts
        .filter(({ state }) => states.includes(state))
        .map(({ said }) => said)
        .join('; ');
    if (parts.some(({ state }) => state === 'ignored')) return fail(say(['ignored']), { measured, because });
    if (parts.some(({ state }) => state === 'open')) return inconclusive(say(['open']), { measured, because });
    if (parts.every(({ state }) => state === 'none')) return skipped(say(['none']));
    return pass(say(['heeded', 'none']), { measured, because });
  },
  examples: { pass: story([1000, 22_000], 6000), fail: story([1000, 3000, 7000], 1000) },
});

function delays(history: HistoryView, rounds: readonly number[]): number[] {
  return rounds.flatMap((round) => farewellsOf(history, goodbyeLabel(round)).flatMap(({ delayMs }) => delayMs ?? []));
}

function rounded(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.round(mean(values));
}

function story(startsAt: readonly number[], after1013Ms: number): EventBodyAt[] {
  return [
    ...STATUSES.flatMap((status) => refusedStory(status, 20, startsAt)),
    ...[1000, after1013Ms, 1000].flatMap((ms, round) =>
      goodbyeStory(round, round === 1 ? 1013 : 1001, 20, (copy) => ms + 10 * copy),
    ),
  ].sort((a, b) => a[0] - b[0]);
}
