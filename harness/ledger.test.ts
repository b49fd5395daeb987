import type { EventBodyAt, EventOf, MessageFacts } from './contract.js';
import { viewOf } from './history.js';
import { cutAt, type LedgerRequest, ledgerOf } from './ledger.js';
import { tell } from './story.js';

type Fields = NonNullable<MessageFacts['fields']>;
const REQUEST: LedgerRequest = { calmTo: 2000, away: [{ from: 2000, to: 3000 }] };
const all = Array.from({ length: 50 }, (_, n) => n);
const seq = (n: number): Fields => ({ '/seq': n });

function message(gate: string, n: number, fields: Fields): Omit<EventOf<'message'>, 'seq' | 't' | 'scenario'> {
  return { type: 'message', gate, conn: 1, dir: 'down', opcode: 'text', bytes: 9, hash: `m${n}`, form: 'json', fields };
}

/** The witness sees 0 to 49, one each 100 ms; the victim the same but for 20 to 29, which come at 3000 where `replayed`. */
function history(
  told: readonly number[] | undefined,
  replayed: readonly number[],
  fields = seq,
  more: EventBodyAt[] = [],
) {
  const at = (n: number) => (n >= 20 && n < 30 ? 3001 : n * 100 + 1);
  const got = [...all.slice(0, 20), ...replayed, ...all.slice(30)];
  const events: EventBodyAt[] = [
    ...all.map((n) => [n * 100, message('witness', n, fields(n))] as const),
    ...got.map((n) => [at(n), message('victim', n, fields(n))] as const),
    ...(told ?? []).map((n) => [at(n) + 1, { type: 'report', process: 'victim', event: 'message', id: n }] as const),
    ...more,
  ];
  return viewOf(tell(events.sort((a, b) => a[0] - b[0])));
}

function counts(ledger: ReturnType<typeof ledgerOf>) {
  if ('unknown' in ledger) return ledger.unknown;
  const { view, missed, lost, duplicated, reordered } = ledger;
  return { view, missed, lost: lost.length, duplicated: duplicated.length, reordered: reordered.length };
}

test('without reports the ledger is of the wire, and finds the id by itself', () => {
  const none = { view: 'wire', missed: 10, lost: 0, duplicated: 0, reordered: 0 };
  expect(counts(ledgerOf(history(undefined, all.slice(20, 30)), REQUEST))).toEqual(none);
  expect(counts(ledgerOf(history(undefined, []), REQUEST))).toEqual({ ...none, lost: 10 });
});

// Action Cable: its channel is asked for by the client, and by no session of ours.
test('a witness that gets none of the messages is told from messages without an id', () => {
  const joined: EventBodyAt[] = all.map((n) => [n * 100, message('victim', n, seq(n))] as const);
  const greeted: EventBodyAt[] = [[0, message('witness', 0, {})]];
  const told: EventBodyAt[] = all.map((n) => [
    n * 100 + 1,
    { type: 'report', process: 'victim', event: 'message', id: n },
  ]);
  for (const more of [[], told]) {
    const events = [...greeted, ...joined, ...more].sort((a, b) => a[0] - b[0]);
    expect(ledgerOf(viewOf(tell(events)), REQUEST)).toEqual({ unknown: expect.stringContaining('--subscribe') });
  }
});

test('what the application reports counts, whatever reached its socket', () => {
  const told = all.filter((n) => n !== 25);
  expect(counts(ledgerOf(history(told, all.slice(20, 30)), REQUEST))).toEqual({
    view: 'application',
    missed: 10,
    lost: 1,
    duplicated: 0,
    reordered: 0,
  });
});

test('one repeat of the last id at a return is the boundary, a second one or an older one is a duplicate', () => {
  const late = (ids: readonly number[]): EventBodyAt[] => ids.map((n) => [3000, message('victim', n, seq(n))] as const);
  const at = (ids: readonly number[]) => ledgerOf(history(undefined, all.slice(20, 30), seq, late(ids)), REQUEST);
  expect(counts(at([19]))).toMatchObject({ duplicated: 0 });
  expect(counts(at([19, 19]))).toMatchObject({ duplicated: 1 });
  expect(counts(at([18]))).toMatchObject({ duplicated: 1 });
});

test('an older message behind a newer one is out of order', () => {
  const swapped = [...all.slice(0, 21), 22, 21, ...all.slice(23)];
  expect(counts(ledgerOf(history(swapped, all.slice(20, 30)), REQUEST))).toMatchObject({ reordered: 1, lost: 0 });
});

test('ids without an order of their own, and ids in batches, are followed all the same', () => {
  const ulid = (n: number): Fields => ({ '/id': { hash: `u${(n * 37) % 101}`, length: 26 } });
  expect(counts(ledgerOf(history(undefined, all.slice(20, 29), ulid), REQUEST))).toMatchObject({
    lost: 1,
    reordered: 0,
  });
  const batch = Object.fromEntries(all.slice(20, 30).map((n, i) => [`/batch/${i}/seq`, n]));
  const replay: EventBodyAt = [3001, message('victim', 99, batch)];
  expect(counts(ledgerOf(history(undefined, [], seq, [replay]), REQUEST))).toMatchObject({ lost: 0, duplicated: 0 });
});

test('reports of ids that no message carries, and streams that differ on a healthy path, are no ledger', () => {
  const own: EventBodyAt[] = all.map((n) => [
    n * 100,
    { type: 'report', process: 'victim', event: 'message', id: n + 1000 },
  ]);
  expect(counts(ledgerOf(history(undefined, all.slice(20, 30), seq, own), REQUEST))).toMatch(/not found/);
  const half = all.filter((n) => n % 2 === 0);
  expect(counts(ledgerOf(history(half, all.slice(20, 30)), REQUEST))).toMatch(/shared only/);
});

describe('cutAt', () => {
  test('is when the gate cut the link, not when the scenario said so', () => {
    const ended = {
      type: 'connection',
      gate: 'victim',
      conn: 1,
      what: 'end',
      how: 'RST',
      upBytes: 0,
      downBytes: 0,
    } as const;
    const phase = { type: 'phase', phase: 'fault', label: 'cut' } as const;
    const at = (events: EventBodyAt[]) => cutAt(viewOf(tell(events)), 'cut');
    expect(
      at([
        [100, phase],
        [320, { ...ended, by: 'gate' }],
        [900, { ...ended, by: 'gate' }],
      ]),
    ).toBe(320);
    expect(
      at([
        [50, { ...ended, by: 'client' }],
        [100, phase],
      ]),
    ).toBe(100);
    expect(at([[50, { ...ended, by: 'gate' }]])).toBeUndefined();
  });
});
