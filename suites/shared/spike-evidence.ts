import { stallOf } from '../../harness/attempts.js';
import type { EventBodyAt, EventOf, Finding, HistoryView } from '../../harness/contract.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

/** A spike that the harness itself made longer than this was another one. */
const LONGER = 1.5;
const FAULTS: Readonly<Record<string, string>> = { spike: 'latency-spike', jitter: 'latency', dropped: 'packet-drop' };

/** What a latency spike and a jittery link came to; the same for either side, whose ends alone are counted. `hearsNothing`: no answers, acknowledgements alone. */
export function judgeSpike(
  history: HistoryView,
  by: 'client' | 'server',
  expect: Readonly<Record<string, number>>,
  hearsNothing = false,
): Finding {
  const obstacle = history.of('obstacle').find(({ code }) => code === 'BASELINE');
  if (obstacle) return inconclusive(obstacle.text, { because: [obstacle] });
  const measures = history.measures('spiked').filter(({ facts }) => facts.by === by);
  const bitten = measures.filter(({ facts }) => biteOf(history, facts.path));
  const from = history.phaseAt('fault') ?? 0;
  const drops = bitten.flatMap(({ facts, t }) => {
    const seen = dropsOf(history, String(facts.path), by, from, t);
    const whole = history.of('message').filter(({ gate, opcode }) => gate === facts.path && opcode === 'close');
    // A stream that is over at its time was not dropped.
    return hearsNothing ? seen.filter(({ conn }) => !whole.some((close) => close.conn === conn)) : seen;
  });
  const gone = bitten.find(({ facts }) => facts.gone === true);
  const rttMaxMs = Math.round(Math.max(0, ...bitten.map(({ facts }) => Number(facts.rttMaxMs))));
  const dropped = Math.max(drops.length, gone ? 1 : 0);
  const measured = { drops: dropped, rttMaxMs };
  const because = [...bitten, ...bitten.flatMap(({ facts }) => biteOf(history, facts.path) ?? []), ...drops];
  if (hearsNothing && !bitten.some(({ facts }) => facts.path === 'dropped')) {
    const why = history.of('obstacle').find(({ code }) => code === 'NO_PACKET_DROP' || code === 'NAMESPACE_FAILED');
    return inconclusive(`only dropped packets can tell such a server of a spike${why ? ` (${why.text})` : ''}`, {
      measured,
    });
  }
  if (!hearsNothing && (bitten.length === 0 || bitten.length < measures.length))
    return inconclusive('the latency was not seen, so it may not have acted', { measured, because: measures });
  const spikeMs = Number(biteOf(history, 'spike')?.facts.askedMs ?? bitten[0]?.facts.spikeMs);
  const declaredMs = expect.timeoutMs ?? 10_000;
  if (declaredMs <= spikeMs)
    return skipped(`declares a timeout of ${inWords(declaredMs)}, shorter than the spike`, { measured });
  if (dropped === 0)
    return pass(
      `kept its connection while a round trip took up to ${inWords(rttMaxMs)}${hearsNothing ? '' : atStake(history, by)}`,
      {
        measured,
        because,
      },
    );
  if (bitten.some(({ facts }) => facts.controlOpen !== true))
    return inconclusive('a session on a healthy path was dropped too', { measured, because });
  // What was gone by the end of the spike was not waiting for what came after it.
  const stallMs = stallOf(history, from, Math.max(from, ...drops.map(({ t }) => t)));
  const seenMs = Math.max(rttMaxMs, Number(biteOf(history, 'spike')?.facts.seenMs ?? 0), spikeMs + stallMs);
  if (!gone && seenMs > LONGER * spikeMs)
    return inconclusive(`the harness made the spike longer than it was to be: ${inWords(seenMs)}`, {
      measured,
      because,
    });
  const first = gone || drops[0]?.gate !== 'jitter' ? `a round trip of ${inWords(spikeMs)}` : 'a jitter of 2 s';
  return fail(`dropped ${dropped} connection${dropped > 1 ? 's' : ''} at ${first}`, { measured, because });
}

function biteOf(history: HistoryView, path: unknown) {
  return history.bites(FAULTS[String(path)] ?? '').find(({ who }) => who === path);
}

function dropsOf(history: HistoryView, path: string, by: string, from: number, to: number): EventOf<'connection'>[] {
  const own = history.of('connection').filter(({ gate }) => gate === path);
  // A poll, a health check: what came during the spike and went again was never a session that it could end.
  const passing = new Set(own.flatMap(({ what, conn, t }) => (what === 'start' && t >= from ? [conn] : [])));
  return own.filter(
    (event) =>
      !passing.has(event.conn) &&
      event.what === 'end' &&
      event.by === by &&
      event.downBytes > 0 &&
      event.t >= from &&
      event.t <= to &&
      !(by === 'client' && wasSentAway(history, event)),
  );
}

/** A client of HTTP/2 that leaves after its server's GOAWAY was not impatient. */
function wasSentAway(history: HistoryView, end: EventOf<'connection'>): boolean {
  return history
    .of('frame')
    .some(
      ({ gate, conn, frame, dir, t }) =>
        frame === 'GOAWAY' && dir === 'down' && gate === end.gate && conn === end.conn && t <= end.t,
    );
}

/** Where nobody asked whether the other one lives, nobody could have been impatient. */
function atStake(history: HistoryView, by: 'client' | 'server'): string {
  if (by === 'client') return '';
  const from = history.phaseAt('fault') ?? 0;
  const asked = history
    .of('message')
    .some(
      ({ gate, dir, opcode, packet, t }) =>
        gate === 'spike' && dir === 'down' && (opcode === 'ping' || packet === 'heartbeat') && t >= from,
    );
  return asked ? '' : '; it sent no heartbeat meanwhile, so little was at stake';
}

/** Told in a few lines, for the examples of both checks. */
export function spikeStory(by: 'client' | 'server', drops: boolean): EventBodyAt[] {
  const end = { by, how: 'FIN', upBytes: 99, downBytes: 99 } as const;
  return [
    [0, { type: 'phase', phase: 'fault' }],
    [
      5001,
      { type: 'fault', fault: 'latency-spike', what: 'bite', who: 'spike', facts: { seenMs: 5001, askedMs: 5000 } },
    ],
    ...(drops ? [[9000, { type: 'connection', gate: 'spike', conn: 1, what: 'end', ...end }] as const] : []),
    [46_000, { type: 'measure', name: 'spiked', facts: { path: 'spike', by, rttMaxMs: 5001, controlOpen: true } }],
  ];
}
