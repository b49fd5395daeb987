import { stallOf } from '../../harness/attempts.js';
import type { EventOf, HistoryView } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';
import { STOPS } from './event-source-standard.js';

const KINDS: Readonly<Record<string, string>> = {
  fin: 'a bare end (FIN)',
  rst: 'a reset (RST)',
  restart: 'a server restart of 4 s',
  edge: '20 s of error pages (503)',
  'edge-502': '20 s of error pages (502)',
  'edge-524': '20 s of error pages (524)',
};
const FAULTS: Readonly<Record<string, string>> = {
  fin: 'end',
  rst: 'reset',
  restart: 'closed-port',
  edge: 'edge-outage',
};
/** Of a server that Holdfast itself restarts, by hand. */
const RESTART = 'restart';
/** Of the limit: a harness that stood still for so long may have kept the client waiting itself. */
const STOOD_STILL = 0.25;

export default defineCheck({
  id: 'no-reconnect',
  protocols: ['websocket', 'sse', 'grpc'],
  inProtocol: {
    grpc: {
      title: 'MUST come back and issue its call again by itself within 60 s after its connection ended',
      why: 'Connections end all the time: proxies, deploys, tunnels. A channel makes a new one by itself, and only for the next call: a stream that has ended stays so until the program issues it again.',
      fix: 'Issue the call again at every end but an orderly one that you wanted, with waitForReady, after a delay that grows and is drawn at random, for ever; UNAVAILABLE is no reason to leave.',
      source:
        'CHECKLIST: FIN, RST, server restart; an edge outage is a SHOULD: an edge that speaks HTTP/2 answers each call with an HTML page, which statuses map to UNAVAILABLE [http-grpc-status-mapping.md: 429, 502, 503, 504]',
    },
  },
  level: 'MUST',
  antiPattern: 3,
  role: 'client',
  scenario: 'reconnect',
  byHand: true,
  title: 'MUST come back by itself within 60 s after its connection ended',
  why: 'Connections end all the time: proxies, deploys, tunnels. A client that stays away shows old data as if it were new.',
  fix: 'Reconnect on every close and error, after a delay that grows and is drawn at random, for ever.',
  source: `CHECKLIST: FIN, RST, server restart; an edge outage with error pages is a SHOULD, and for a stream of events ${STOPS}`,
  measured: {
    finMs: 'ms',
    rstMs: 'ms',
    restartMs: 'ms',
    edgeMs: 'ms',
    reconnectMs: 'ms, after each end',
    attempts: 'connections',
  },
  expect: { maxReturnMs: 60_000 },
  decidedBy: [
    ['finMs', 'maxReturnMs'],
    ['rstMs', 'maxReturnMs'],
    ['restartMs', 'maxReturnMs'],
    ['edgeMs', 'maxReturnMs'],
  ],
  scaled: ['maxReturnMs'],
  judge(history, { expect, target }) {
    const limit = expect.maxReturnMs ?? 60_000;
    const returned = history.measures('returned');
    const baseline = history.of('obstacle').find(({ code }) => code === 'BASELINE');
    if (baseline || returned.length === 0)
      return inconclusive(baseline?.text ?? 'no connection was ended', { because: baseline ? [baseline] : [] });
    // The slowest of its kind; error pages come with several statuses.
    const ms = (kind: string) => {
      const values = returned.filter((event) => kindOf(event) === kind).map(({ facts }) => facts.reconnectMs);
      const times = values.filter((value) => typeof value === 'number');
      return values.length > 0 && times.length === values.length ? Math.round(Math.max(...times)) : null;
    };
    const attempts = returned.reduce((sum, { facts }) => sum + Number(facts.attempts), 0);
    const times = returned.map(({ facts }) => facts.reconnectMs).filter((value) => typeof value === 'number');
    const measured = {
      finMs: ms('fin'),
      rstMs: ms('rst'),
      restartMs: ms('restart'),
      edgeMs: ms('edge'),
      // One who stayed away once has no list of times.
      reconnectMs: times.length === returned.length ? times.map(Math.round) : null,
      attempts,
    };
    const unproven = returned.filter((event) => !isProven(history, event));
    const away = returned.filter(({ facts }) => typeof facts.reconnectMs !== 'number' || facts.reconnectMs > limit);
    // A page counts as served only to a client that came for it: not to one that came later, nor to one that was back at once.
    const doubtful = unproven.filter(
      (event) => kindOf(event) !== 'edge' || event.facts.reconnectMs === 0 || isWhole(history, event),
    );
    if (doubtful.length > 0) return inconclusive(`${words(doubtful)} did not act`, { measured, because: doubtful });
    const gone = away.find(({ facts }) => typeof facts.elsewhere === 'string');
    if (gone)
      return inconclusive(
        `not back within ${inWords(limit)} after ${words(away)}; it also has a connection to ${gone.facts.elsewhere}, where its next call may be`,
        { measured, because: away },
      );
    const stallMs = stallOf(history, Number.NEGATIVE_INFINITY, Math.max(...away.map(({ t }) => t)));
    if (away.length > 0 && stallMs > STOOD_STILL * limit)
      return inconclusive(
        `not back within ${inWords(limit)} after ${words(away)}, while the harness itself stood still for up to ${inWords(stallMs)}`,
        { measured, because: away },
      );
    const hard = away.filter((event) => kindOf(event) !== 'edge');
    if (hard.length > 0) {
      const exited = hard.some(({ facts }) => facts.exited === true) ? '; its process ended' : '';
      return fail(`not back within ${inWords(limit)} after ${words(hard)}${exited}`, { measured, because: away });
    }
    if (away.length > 0) {
      const said = `not back within ${inWords(limit)} after ${words(away)}`;
      const found = { measured, because: away, level: 'SHOULD' } as const;
      // Who came once, and not again after that page, did as it is told there.
      if (target.protocol === 'sse' && away.every(({ facts }) => facts.attempts === 1))
        return fail(`The specification says stop, and so it is not resilient: ${said} (${STOPS})`, {
          ...found,
          conformant: true,
          fix: 'Reconnect after an error page too: make a new EventSource, after a delay that grows and is drawn at random, when its readyState is CLOSED (2).',
        });
      return fail(said, found);
    }
    if (returned.length < 4)
      return inconclusive(`only ${returned.length} of 4 ends could be tried`, { measured, because: returned });
    const late = unproven.length > 0 ? `; it waited longer than there were pages (${words(unproven)})` : '';
    const slowest = Math.max(...returned.map(({ facts }) => Number(facts.reconnectMs)));
    return pass(`back after each of ${words(returned)}, at most ${inWords(slowest)} after the server was${late}`, {
      measured,
      because: returned,
    });
  },
  examples: { pass: story(900), fail: story(null) },
});

function kindOf({ facts }: EventOf<'measure'>): string {
  return String(facts.kind).replace(/-.*/, '');
}

function isProven(history: HistoryView, event: EventOf<'measure'>): boolean {
  const [, status = '503'] = /^edge-?(\d*)$/.exec(String(event.facts.kind)) ?? [];
  const kind = kindOf(event);
  return [...history.bites(FAULTS[kind] ?? ''), ...(kind === 'restart' ? history.bites(RESTART) : [])].some(
    ({ facts }) => facts.status === undefined || `${facts.status}` === (status || '503'),
  );
}

/** Its session was never ended, and so there was nothing to come back from. */
function isWhole(history: HistoryView, { facts }: EventOf<'measure'>): boolean {
  const own = history.of('connection').filter(({ gate }) => gate === facts.kind);
  const from = history.phaseAt('fault', String(facts.kind)) ?? 0;
  return own.length > 0 && !own.some(({ what, t }) => what === 'end' && t >= from);
}

function words(events: readonly EventOf<'measure'>[]): string {
  return events.map(({ facts }) => KINDS[String(facts.kind)] ?? facts.kind).join(', ');
}

function story(reconnectMs: number | null) {
  return Object.entries(FAULTS).flatMap(([kind, fault], i) => [
    [i, { type: 'fault', fault, what: 'bite', who: kind, facts: {} }] as const,
    [
      60_000 + i,
      { type: 'measure', name: 'returned', facts: { kind, reconnectMs, attempts: 1, exited: false } },
    ] as const,
  ]);
}
