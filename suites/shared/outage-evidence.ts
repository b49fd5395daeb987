import type { EventBodyAt, Finding, HistoryView } from '../../harness/contract.js';
import { follows, inconclusive } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';
import { CONTROL_GATE, COPY_GATE, type Outage } from '../../harness/outage.js';

const STORY_PROCESSES = 8;

/** What keeps every check on attempts from a verdict. */
export function unready(history: HistoryView, outage: Outage | undefined): Finding | undefined {
  const baseline = history.of('obstacle').find(({ code }) => code === 'BASELINE');
  if (baseline) return inconclusive(baseline.text, { because: [baseline] });
  if (!outage) return inconclusive('the outage was not carried through');
  if (!outage.bites.some(({ fault }) => fault === 'reset'))
    return inconclusive('the cut is not proven: no control peer saw the reset');
  const total = outage.attempts.reduce((sum, list) => sum + list.length, 0);
  if (total === 0) return follows('no-reconnect', 'it made no attempt while it was refused');
  if (!outage.bites.some(({ fault }) => fault === 'refuse')) return inconclusive('nothing was refused');
  if (outage.closedBackMs !== undefined && history.bites('closed-port').length === 0)
    return inconclusive('it is not proven that the one copy met a closed port: a control peer was let in');
  // Who gave up everywhere gave up there too.
  const gaveUp = history.measures('returned copies')[0]?.facts.back === 0;
  if (outage.closedBackMs === null && !gaveUp) {
    return inconclusive('behaves differently when refused: the copy that met a really closed port did not come back');
  }
  if (!outage.noise.trusted) {
    return inconclusive(
      `the control client of known delay was not seen as what it is (mean ${inWords(outage.noise.meanMs)}, deviation ${inWords(outage.noise.floorMs)}): this machine is too busy to time anything`,
    );
  }
  return undefined;
}

/** Says so where nobody was left to make another attempt: every copy's process had ended. */
export function allEnded(history: HistoryView, { attempts, endAt }: Outage): string | undefined {
  const ended = new Set(
    history
      .of('process')
      .flatMap(({ what, process, t }) =>
        what === 'exit' && process.startsWith(COPY_GATE) && t <= endAt ? [process] : [],
      ),
  );
  const most = Math.max(...attempts.map(({ length }) => length));
  return ended.size < attempts.length ? undefined : `each of its processes ended after ${most} attempts at most`;
}

/** Eight processes and eight controls, cut at 0, with these mean delays and this relative spread. */
export function outageStory(means: readonly number[], spread: number): EventBodyAt[] {
  const story: EventBodyAt[] = [
    [0, { type: 'phase', phase: 'fault' }],
    [0, { type: 'fault', fault: 'reset', what: 'bite', who: 'cut', facts: {} }],
    [1, { type: 'fault', fault: 'refuse', what: 'bite', who: 'refuse', facts: {} }],
    [1, { type: 'fault', fault: 'closed-port', what: 'bite', who: 'closed', facts: {} }],
  ];
  const process = (gate: string, delays: readonly number[]) => {
    let t = 0;
    for (const [conn, delay] of delays.entries()) {
      t += delay;
      story.push([t, { type: 'connection', gate, conn, what: 'start' }]);
      t += 1;
      story.push([
        t,
        { type: 'connection', gate, conn, what: 'end', by: 'gate', how: 'RST', upBytes: 9, downBytes: 0 },
      ]);
    }
  };
  for (let i = 0; i < STORY_PROCESSES; i++) {
    process(
      `${COPY_GATE}${i}`,
      means.map((ms) => ms * (1 + spread * (i / (STORY_PROCESSES - 1) - 0.5) * 2)),
    );
    process(
      `${CONTROL_GATE}${i}`,
      Array.from({ length: 20 }, () => 1000 + (i % 2)),
    );
  }
  story.push(
    [70_000, { type: 'phase', phase: 'recovery' }],
    [71_000, { type: 'measure', name: 'closed copy', facts: { backMs: 900 } }],
  );
  return story.sort((a, b) => a[0] - b[0]);
}
