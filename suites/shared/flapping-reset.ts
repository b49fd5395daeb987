import { attemptsAt, curveOf, delaysOf, IMMEDIATE_MS, risesAfterFirst, stallOf } from '../../harness/attempts.js';
import { defineCheck } from '../../harness/define.js';
import { fail, follows, inconclusive, pass } from '../../harness/finding.js';
import { inWords, mean, ratioOf } from '../../harness/numbers.js';
import { FLAP_GATE, FLAPPING, gatesOf, sessionsOf, windowOf } from '../../harness/turned-away.js';
import { MAY_WAIT_MORE } from './event-source-standard.js';
import { flappingStory, missing } from './turned-away-evidence.js';

const MIN_DELAYS = 3;
const MANY = 15;

/**
 * Late delays against early ones, each process against itself, so that a random factor that a process draws once is in both; a fit
 * over single delays (rule 5) would see no growth in a client that reaches a low cap at once.
 */
export default defineCheck({
  id: 'flapping-reset',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      title: 'SHOULD go on backing off while a server begins to answer its call and drops it at once',
      why: 'A server in a crash loop takes the call, sends the head of its answer and falls over. A channel begins its backoff anew with each connection: a client that calls again at a fixed pace then hammers its server, however well its channel backs off where nothing is reached.',
      fix: 'Let the loop that calls again have a backoff of its own, and set it back only after a call has lasted for some seconds (5 to 10), not when its head comes.',
      source:
        'CHECKLIST rule 20: 6 attempts or 60 s; connection-backoff.md: "Exponentially back off the start time of connection attempts"; once a connection is made the channel has nothing to back off from, so that only its client can',
    },
  },
  level: 'SHOULD',
  antiPattern: 3,
  role: 'client',
  scenario: 'turned-away',
  title: 'SHOULD go on backing off while a server lets it in and drops it at once',
  why: 'A server in a crash loop, or a proxy without a backend, answers the handshake and falls over. A client that takes each handshake for a success starts its backoff anew every time, and hammers it at its fastest pace.',
  fix: 'Set the counter of failures back only after a connection has lasted for some seconds (5 to 10), not when it opens.',
  source: `CHECKLIST rule 20: 6 attempts or 60 s; RFC 6455, 7.2.3: "Should the first reconnect attempt fail, subsequent reconnect attempts SHOULD be delayed by increasingly longer amounts of time"; for a stream of events WHATWG HTML ${MAY_WAIT_MORE}`,
  measured: { delaysMs: 'ms, means over processes', growth: 'late delays / early ones' },
  expect: { growsAbove: 1.2, flatBelow: 1.5, capOverFirst: 1.4, capBelow: 2, hotMs: 1000, minProcesses: 3 },
  decidedBy: [
    ['growth', 'growsAbove', 'pass'],
    ['growth', 'flatBelow', 'fail'],
  ],
  scaled: ['hotMs'],
  // A fixed delay has nothing to set back.
  needs: ['fixed-retry', 'hot-retry'],
  patterns: ['server-streaming', 'bidirectional'],
  unless: ({ client }) =>
    client?.listen === undefined
      ? undefined
      : 'needs a client that takes its address ({url} or TARGET_URL): copies are compared, and one --listen port holds one',
  judge(history, { expect }) {
    const window = windowOf(history, FLAPPING);
    if (!window) return missing(history, FLAP_GATE, 'no server was seen to flap');
    const bites = history.bites('flapping');
    if (!history.bites('reset').some(({ t }) => t >= window.from)) return inconclusive('the first cut is not proven');
    const sessions = sessionsOf(history, FLAP_GATE, window.from, window.to);
    const tried = sessions.filter((list) => list.length > 0);
    // Where to go is asked over HTTP first (SignalR), of a stand-in that knows no answer.
    const knocked = gatesOf(history, FLAP_GATE).flatMap((gate) => attemptsAt(history, gate, window.from, window.to));
    if (tried.length === 0 && knocked.length > 0)
      return inconclusive(
        'it came back and asked for something else before a session, which the server that flaps could not answer',
        { because: knocked.slice(0, 8).map(({ first }) => first) },
      );
    if (tried.length === 0) return follows('no-reconnect', 'no copy opened a session after its first was cut');
    if (bites.length === 0) return inconclusive('no session was seen to be dropped', { because: [] });
    const delays = tried.map((list) => delaysOf(list, window.from));
    const { means, immediate } = curveOf(delays);
    const because = [...bites.slice(0, 1), ...(tried[0] ?? []).slice(0, 8).map(({ first }) => first)];
    const measured = { delaysMs: means.map(Math.round), growth: null };
    const start = immediate || risesAfterFirst(means) ? 1 : 0;
    const compared = delays.filter(({ length }) => length >= MIN_DELAYS).map((list) => list.slice(start, means.length));
    if (means.length - start < MIN_DELAYS || compared.length < (expect.minProcesses ?? 3))
      return inconclusive(
        `only ${tried.map(({ length }) => length).join(', ')} sessions were opened in ${inWords(window.to - window.from)}: too few to see whether the delays grow`,
        { measured, because },
      );
    const seen = means.slice(0, 8).map(inWords).join(', ');
    if (means.every((ms) => ms <= IMMEDIATE_MS))
      return fail(`comes back at once each time it was let in and dropped: ${seen}`, { measured, because });
    const n = means.length - start;
    const few = Math.min(3, Math.floor(n / 2));
    const late = (list: readonly number[]) => mean(list.slice(-Math.max(few, Math.floor(n / 2))));
    const growth = ratioOf(compared.map((list) => [mean(list.slice(0, few)), late(list)]));
    const overFirst = ratioOf(compared.map(([first = 0, ...later]) => [first, mean(later)]));
    if (!growth || !overFirst) return inconclusive('too few delays', { measured, because });
    const grown = { ...measured, growth: Math.round(growth.value * 100) / 100 };
    const said = `${seen}: the later ones are ${grown.growth} times the first ones`;
    if (growth.lower > (expect.growsAbove ?? 1.2) || overFirst.lower > (expect.capOverFirst ?? 1.4))
      return pass(`the delays go on growing (${said})`, { measured: grown, because });
    // More than 10 in 10 s, as hot-retry has it, after all those that went before.
    if (n >= MANY && mean(compared.map(late)) < (expect.hotMs ?? 1000))
      return fail(`after ${n} sessions it still comes back as soon as at first (${said})`, {
        measured: grown,
        because,
      });
    const stallMs = stallOf(history, window.from, window.to);
    if (stallMs > (means[start] ?? 0))
      return inconclusive(`${said}, while the harness itself stood still for up to ${inWords(stallMs)}`, {
        measured: grown,
        because,
      });
    if (growth.upper < (expect.flatBelow ?? 1.5) && overFirst.upper < (expect.capBelow ?? 2))
      return fail(`the delays do not grow (${said})`, { measured: grown, because });
    return inconclusive(`the delays neither clearly grow nor clearly stay (${said})`, { measured: grown, because });
  },
  examples: {
    pass: flappingStory([1000, 2000, 4000, 8000, 16_000]),
    fail: flappingStory([1000, 1000, 1000, 1000, 1000, 1000]),
  },
});
