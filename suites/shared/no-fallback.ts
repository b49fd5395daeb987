import type { EventOf, HistoryView } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

const MODES = ['refused', 'stripped', 'reset', 'unanswered', 'mute'];
const MESSAGES = 3;
const STARVED = 0.1;

export default defineCheck({
  id: 'no-fallback',
  protocols: ['websocket'],
  level: 'SHOULD',
  antiPattern: 10,
  role: 'client',
  scenario: 'fallback',
  title: 'SHOULD get its messages by another transport within 30 s where WebSocket is blocked',
  why: 'Company proxies, virus scanners and old load balancers refuse the upgrade, lose its headers, or let it open and pass nothing: those users see a page that never loads.',
  fix: 'Serve the same stream by SSE or long polling under the same ids, and go there when an upgrade fails, or when nothing comes within 10 s of it.',
  source: 'CHECKLIST: <= 10 s a step, <= 30 s in all; rule 21',
  measured: { transportsTried: 'names', fallbackMs: 'ms', stepMs: 'ms', blocked: 'ways without a way round' },
  expect: { maxStepMs: 10_000, maxFallbackMs: 30_000 },
  decidedBy: [
    ['stepMs', 'maxStepMs'],
    ['fallbackMs', 'maxFallbackMs'],
  ],
  scaled: ['maxStepMs', 'maxFallbackMs'],
  judge(history, { expect }) {
    const { maxStepMs = 10_000, maxFallbackMs = 30_000 } = expect;
    const obstacle = history.of('obstacle').find(({ code }) => code === 'NO_STREAM' || code === 'BASELINE');
    if (obstacle?.code === 'NO_STREAM') return skipped(obstacle.text);
    if (obstacle) return inconclusive(obstacle.text, { because: [obstacle] });
    const bites = history.bites('upgrade-block');
    const seen = history.measures('fallback').flatMap((event) => {
      const bite = bites.find(({ facts }) => facts.mode === event.facts.mode);
      return bite ? [waysRound(history, event, bite.t)] : [];
    });
    const tried = new Set(seen.flatMap(({ event }) => String(event.facts.transports).split(', ')));
    const without = seen.filter(({ ms, known, step }) =>
      ms === null ? known : ms > maxFallbackMs || step > maxStepMs,
    );
    const [fallbackMs, stepMs] = [slowest(seen.map(({ ms }) => ms)), slowest(seen.map(({ step }) => step))];
    const measured = { transportsTried: [...tried], fallbackMs, stepMs, blocked: without.map(({ mode }) => mode) };
    const details = { measured, because: [...bites, ...seen.map(({ event }) => event)] };
    const lagMs = Math.round(Math.max(0, ...history.of('loop').map(({ maxMs }) => maxMs)));
    if (without.length > 0 && tried.size > 1 && lagMs > STARVED * maxStepMs)
      return inconclusive(`our own event loop was held up for ${lagMs} ms`, details);
    if (without.length > 0) {
      const ways = without.map(({ mode, ms }) => mode + (ms === null ? '' : ` (only after ${inWords(ms)})`)).join(', ');
      return fail(`no messages in time where the upgrade was ${ways}; tried ${[...tried].join(', ')}`, details);
    }
    const unseen = MODES.filter((mode) => !seen.some((one) => one.mode === mode && one.ms !== null));
    if (unseen.length === 0)
      return pass(`messages came by ${[...tried].slice(1).join(' or ')} within ${inWords(fallbackMs ?? 0)}`, details);
    return inconclusive(`no message was recognised, or no upgrade tried, where it was ${unseen.join(', ')}`, details);
  },
  examples: { pass: story(2000), fail: story(null) },
});

const slowest = (values: readonly (number | null)[]) =>
  values.some((ms) => ms !== null) ? Math.round(Math.max(...values.map((ms) => ms ?? 0))) : null;

/** When messages came again, and whether having seen none means that there were none. */
function waysRound(history: HistoryView, event: EventOf<'measure'>, blockedAt: number) {
  const { facts, t } = event;
  const told = history.of('report').filter((report) => report.process === facts.mode && report.event === 'message');
  const since = told.filter((report) => report.t > blockedAt && report.t <= t);
  const reportedMs = since.length >= MESSAGES ? (since[0]?.t ?? t) - blockedAt : null;
  const ms = typeof facts.fallbackMs === 'number' ? facts.fallbackMs : reportedMs;
  return {
    event,
    mode: String(facts.mode),
    ms,
    step: Number(facts.stepMs ?? 0),
    known: told.length > 0 || Number(facts.pieces) < MESSAGES,
  };
}

function story(fallbackMs: number | null) {
  const facts = { blocked: 2, stepMs: fallbackMs, fallbackMs, transports: 'websocket, http', pieces: 0, exited: false };
  return MODES.flatMap((mode, n) => [
    [2000 + n, { type: 'fault', fault: 'upgrade-block', what: 'bite', who: mode, facts: { mode } }] as const,
    [9000 + n, { type: 'measure', name: 'fallback', facts: { ...facts, mode } }] as const,
  ]);
}
