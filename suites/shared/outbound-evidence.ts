import type { EventBodyAt, EventOf, HistoryView } from '../../harness/contract.js';
import type { IdField } from '../../harness/id-field.js';
import { entriesOf, reportsOf } from '../../harness/ledger.js';
import { cutStory } from './delivery-evidence.js';

/** Nothing of what it sent after its last return has arrived. */
export function stalled(history: HistoryView, settledAt: number, reached: ReadonlySet<string>): boolean {
  return !reportsOf(history, 'sent').some(({ key, event }) => event.t >= settledAt && reached.has(key));
}

/** Ids that were sent more often than they arrived: a cut met them on their way. */
export function underWay(
  left: readonly EventOf<'message'>[],
  arrived: readonly EventOf<'message'>[],
  field: IdField,
): ReadonlySet<string> {
  const times = new Map<string, number>();
  for (const { key } of entriesOf(left, field)) times.set(key, (times.get(key) ?? 0) + 1);
  for (const { key } of entriesOf(arrived, field)) times.set(key, (times.get(key) ?? 0) - 1);
  return new Set([...times].filter(([, more]) => more > 0).map(([key]) => key));
}

/** One message each 100 ms; of those sent while it was cut the half arrives, the other is reported or not. */
export function outboundStory(says: boolean): EventBodyAt[] {
  return cutStory(
    Array.from({ length: 60 }, (_, n) => n).flatMap((n): EventBodyAt[] => {
      const up = {
        type: 'message',
        conn: 1,
        dir: 'up',
        opcode: 'text',
        bytes: 9,
        hash: `u${n}`,
        form: 'json',
        fields: { '/id': n },
      } as const;
      const said = (event: string): EventBodyAt => [n * 100 + 5, { type: 'report', process: 'victim', event, id: n }];
      const lost = n > 21 && n < 30 && n % 2 === 0;
      const sent: EventBodyAt[] = [said('sent'), [n * 100 + 6, { ...up, gate: 'victim' }]];
      return lost
        ? [...sent, ...(says ? [said('unsent')] : [])]
        : [...sent, [n * 100 + 7, { ...up, gate: 'victim-far' }]];
    }),
  );
}
