import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords, longestGap, median } from '../../harness/numbers.js';

/** Of a client of the scenario's. */
const PATIENCE_MS = 3000;

export default defineCheck({
  id: 'storm-cascade',
  protocols: ['websocket', 'sse', 'grpc'],
  level: 'SHOULD',
  antiPattern: 6,
  role: 'server',
  scenario: 'storm',
  title: 'SHOULD come through a storm of clients that give up after 3 s and try again',
  why: 'A client that gives up leaves its handshake in the queue and adds another one. A server that works through the dead ones first has no time for the living: busy for ever, and nobody is served.',
  fix: 'Look whether the client is still there before the costly part of the handshake, bound the queue, and refuse what is beyond it at once with 503 and Retry-After.',
  source:
    'CHECKLIST: clients that time out after 3 s and retry; goodput never 0 for over 5 s, all back within twice the storm without timeouts (6 s at least: one lost SYN costs a client its 3 s). Rule 23: orderly refusals are answers',
  inProtocol: {
    grpc: {
      fix: 'Look whether the call is cancelled before the costly part of it, bound the queue, and refuse what is beyond it at once with UNAVAILABLE and grpc-retry-pushback-ms.',
    },
  },
  measured: {
    abandoned: 'attempts',
    goodputPerS: 'clients each second',
    longestGapMs: 'ms',
    answered: 'clients',
    limitMs: 'ms',
  },
  expect: { maxGapMs: 5000, maxOwnDelayMs: 1000, maxOwnShare: 0.7 },
  samples: 'answered',
  decidedBy: [['longestGapMs', 'maxGapMs']],
  needs: ['storm-collapse'],
  judge(history, { expect }) {
    const rounds = history.measures('cascade');
    const last = rounds.at(-1);
    if (!last || history.bites('reset').length === 0) return inconclusive('no storm of such clients was made');
    const { round, clients, answered, abandoned, limitMs } = last.facts;
    const times = history.samples(`answered ${round}`);
    const all = Number(answered) >= Number(clients);
    // Where some are still missing at the end, nobody was served since the last one.
    const gapMs = longestGap(all ? times : [...times, Number(limitMs)]);
    const measured = {
      abandoned: Number(abandoned),
      goodputPerS: perSecond(times),
      longestGapMs: Math.round(gapMs),
      answered: Number(answered),
      limitMs: Math.round(Number(limitMs)),
    };
    const because = [...rounds];
    const details = { measured, because };
    if (last.facts.alive === false) return fail('the server died in the storm', details);
    const maxGapMs = expect.maxGapMs ?? 5000;
    if (times.length < Number(answered))
      return inconclusive('when the clients were answered was not measured', details);
    if (all && gapMs <= maxGapMs) {
      const said = Number(abandoned) === 0 ? 'none had to give up' : `${abandoned} attempts were given up`;
      return pass(`all ${clients} answered within ${inWords(Math.max(...times))}; ${said}`, details);
    }
    const said =
      gapMs > maxGapMs
        ? `served nobody for ${inWords(gapMs)} while ${abandoned} attempts were given up`
        : `${Number(clients) - Number(answered)} of ${clients} were not back after ${inWords(Number(limitMs))}, twice the storm without timeouts`;
    const { ownShare } = last.facts;
    if (Number(ownShare) > (expect.maxOwnShare ?? 0.7))
      return inconclusive(
        `${said}; the harness itself was busy for ${Math.round(100 * Number(ownShare))} % of it`,
        details,
      );
    // A stream whose head comes with its first event is given up without any storm.
    const usualMs = median(history.samples('connect cost'));
    if (usualMs > PATIENCE_MS / 2)
      return inconclusive(`${said}; undisturbed it takes ${inWords(usualMs)} to answer`, details);
    // Who gives up because we read his answer late was not given up by the server.
    const ownMs = Math.max(0, ...history.of('loop').map(({ maxMs }) => maxMs));
    if (ownMs > (expect.maxOwnDelayMs ?? 1000))
      return inconclusive(`${said}; the harness itself was late by ${inWords(ownMs)}`, details);
    // A busy machine fails once; what cascades does it each time.
    if (rounds.length < 2) return inconclusive(`${said}, and it was not tried again`, details);
    return fail(said, details);
  },
  examples: {
    pass: story([100, 900, 1500]),
    fail: story([100]),
  },
});

function perSecond(times: readonly number[]): number[] {
  const seconds = Math.ceil(Math.max(0, ...times) / 1000);
  return Array.from({ length: seconds }, (_, s) => times.filter((t) => t >= s * 1000 && t < (s + 1) * 1000).length);
}

function story(times: readonly number[]) {
  const facts = { clients: 3, answered: times.length, abandoned: 2, limitMs: 9000, alive: true };
  const round = (number: number) =>
    [
      [number * 9000, { type: 'samples', name: `answered ${number}`, unit: 'ms', values: times }],
      [number * 9000, { type: 'measure', name: 'cascade', facts: { round: number, ...facts } }],
    ] as const;
  return [[0, { type: 'fault', fault: 'reset', what: 'bite', who: 'r', facts: {} }], ...round(1), ...round(2)] as const;
}
