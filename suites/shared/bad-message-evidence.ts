import { badMessagesOf } from '../../faults/bad-message.js';
import type { EventBodyAt, HistoryView } from '../../harness/contract.js';
import { data } from '../../harness/ledger.js';

/** As many reports as this were to be expected, and at most one came, which may be of the bad message itself. */
const EXPECTED = 3;
/** A message may be so long on its way from the socket to the application's report of it. */
const REPORTED_MS = 1000;

/** What came between this bad message and the next; `deaf`: to the socket and no longer to the application. */
export function laterOf(history: HistoryView, what: string): { readonly messages: number; readonly deaf: boolean } {
  const from = history.phaseAt('fault', what) ?? Number.POSITIVE_INFINITY;
  const to = history.of('phase').find(({ phase, t }) => phase === 'fault' && t > from)?.t ?? Number.POSITIVE_INFINITY;
  const calm = countsIn(history, 0, history.phaseAt('fault') ?? 0);
  const later = countsIn(history, from, to);
  const due = countsIn(history, from, to - REPORTED_MS).messages;
  const expected = calm.messages === 0 ? 0 : due * Math.min(1, calm.reports / calm.messages);
  return { messages: later.messages, deaf: expected >= EXPECTED && later.reports <= 1 };
}

function countsIn(history: HistoryView, from: number, to: number) {
  const within = ({ t }: { readonly t: number }) => t > from && t < to;
  const reports = history.of('report').filter((event) => event.event === 'message' && within(event)).length;
  return { messages: data(history, 'victim').filter(within).length, reports };
}

export function words(what: string): string {
  return what === 'HTML' ? 'an HTML page' : what;
}

/** Four bad messages, one each second; the process ends at the second or not. */
export function badMessageStory(dies: boolean): EventBodyAt[] {
  const later = { type: 'message', gate: 'victim', conn: 1, dir: 'down', opcode: 'text', bytes: 9, hash: 'm' } as const;
  return badMessagesOf('websocket')
    .slice(0, dies ? 2 : 4)
    .flatMap((what, i): EventBodyAt[] => {
      const exited = dies && i === 1;
      const facts = { what, left: exited, goesOn: !exited, exited, exit: exited ? 1 : null };
      return [
        [i * 1000, { type: 'phase', phase: 'fault', label: what }],
        [
          i * 1000 + 1,
          { type: 'fault', fault: 'bad-message', what: 'bite', who: what, facts: { what, conn: 1, bytes: 9 } },
        ],
        [i * 1000 + 500, later],
        [i * 1000 + 900, { type: 'measure', name: 'after', facts }],
      ];
    });
}
