import type { EventBodyAt, Finding, HistoryView, Target } from '../../harness/contract.js';
import { follows, inconclusive, skipped } from '../../harness/finding.js';
import { type Away, cutAt, data, type Ledger, ledgerOf } from '../../harness/ledger.js';

/** The cuts after which the client came back, or what keeps every check on them from a verdict. */
export function cutsOf(history: HistoryView): { readonly away: readonly Away[]; readonly calmTo: number } | Finding {
  const baseline = history.of('obstacle').find(({ code }) => code === 'BASELINE');
  if (baseline) return inconclusive(baseline.text, { because: [baseline] });
  const calmTo = history.phaseAt('fault', 'trouble');
  const backs = history.measures('back');
  if (calmTo === undefined || backs.length === 0) return inconclusive('the client was never cut');
  const unread = history.of('undecodable').find(({ gate }) => gate.startsWith('victim'));
  if (unread) return inconclusive(`what passed could not be decoded: ${unread.reason}`, { because: [unread] });
  if (history.bites('reset').length === 0)
    return inconclusive('the cuts are not proven: no control peer saw a reset', { because: backs });
  // A trickle gives the one or the other too little to be seen by.
  if (history.bites('latency').length + history.bites('slicer').length === 0)
    return inconclusive('neither the latency nor the slices were seen to act', { because: backs });
  const resets = history.bites('reset');
  const cuts = backs
    .map((back) => ({ back, from: cutAt(history, `cut-${back.facts.cut}`) ?? back.t, to: back.t }))
    .filter(({ from, to }) => resets.some(({ t }) => t >= from && t <= to));
  if (cuts.length === 0) return inconclusive('none of the cuts is proven', { because: backs });
  const away = cuts.filter(({ back }) => back.facts.returned === true).map(({ from, to }) => ({ from, to }));
  if (away.length === 0) return follows('no-reconnect', 'it did not come back', { because: backs });
  return { away, calmTo };
}

/** The ledger of a history, or why there is none. */
export function deliveriesOf(history: HistoryView, target: Target, minMissed: number): Ledger | Finding {
  const cuts = cutsOf(history);
  if ('outcome' in cuts) return cuts;
  const reports = history.of('report').some(({ event, id }) => event === 'message' && id !== undefined);
  if (!target.server && !reports && target.sequence === undefined && target.resume === undefined)
    return skipped('needs --server, or --sequence or --resume, or the ids that it got on stdout');
  if (data(history, 'witness').length === 0)
    return skipped('the server sends nothing of its own to a client that only listens; needs --subscribe');
  const ledger = ledgerOf(history, { declared: target.sequence, resume: target.resume, ...cuts });
  if ('unknown' in ledger) return inconclusive(ledger.unknown, { because: history.measures('back') });
  if (ledger.missed < minMissed) return inconclusive(`only ${ledger.missed} messages passed while the client was away`);
  return ledger;
}

export function measuredOf({ missed, lost, duplicated, reordered }: Ledger) {
  return { missed, lost: lost.length, duplicated: duplicated.length, reordered: reordered.length };
}

/** Two cuts of one second, at 2100 and 4100, with their evidence; and what else happened. */
export function cutStory(more: readonly EventBodyAt[]): EventBodyAt[] {
  const bite = (fault: string) => ({ type: 'fault', fault, what: 'bite', who: fault, facts: {} }) as const;
  const cut = (n: number, t: number): EventBodyAt[] => [
    [t, { type: 'phase', phase: 'fault', label: `cut-${n}` }],
    [t + 1, bite('reset')],
    [t + 1000, { type: 'measure', name: 'back', facts: { cut: n, returned: true, conn: n + 1 } }],
  ];
  const events: EventBodyAt[] = [
    [2050, { type: 'phase', phase: 'fault', label: 'trouble' }],
    [2060, bite('latency')],
    [2060, bite('slicer')],
    ...cut(1, 2100),
    ...cut(2, 4100),
    ...more,
  ];
  return events.sort((a, b) => a[0] - b[0]);
}

/** A feed of one message each 100 ms as the witness sees it; `told` is what the application reports, in order. */
export function deliveryStory(told: readonly number[]): EventBodyAt[] {
  const report = (n: number) => ({ type: 'report', process: 'victim', event: 'message', id: n }) as const;
  return cutStory([
    ...EVERY_ID.map((n) => [n * 100, feedMessage('witness', n)] as const),
    ...EVERY_ID.slice(0, 20).map((n) => [n * 100 + 1, feedMessage('victim', n)] as const),
    ...told.map((n, i) => [n < 20 && i < 20 ? n * 100 + 2 : 5900, report(n)] as const),
  ]);
}

function feedMessage(gate: string, n: number) {
  const facts = { opcode: 'text', bytes: 9, hash: `m${n}`, form: 'json', fields: { '/seq': n } } as const;
  return { type: 'message', gate, conn: 1, dir: 'down', ...facts } as const;
}

/** Every id of `deliveryStory`, once and in order. */
export const EVERY_ID = Array.from({ length: 60 }, (_, n) => n);

/** The client sees all but what passed while it was cut, and of what came behind only what `has` says. */
export function wireStory(has: (n: number) => boolean): EventBodyAt[] {
  return cutStory([
    ...EVERY_ID.map((n) => [n * 100, feedMessage('witness', n)] as const),
    ...EVERY_ID.filter((n) => n < 21 || has(n)).map(
      (n) => [n < 21 ? n * 100 + 1 : n * 100 + 200, feedMessage('victim', n)] as const,
    ),
    [12_000, { type: 'phase', phase: 'done' }],
  ]);
}
