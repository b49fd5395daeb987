import fc from 'fast-check';
import { loadCatalog } from '../harness/catalog.js';
import type { Check, HistoryEvent } from '../harness/contract.js';
import {
  evidenceOf,
  found,
  irrelevant,
  judged,
  kindOf,
  partOf,
  SEEDS,
  seedOf,
  told,
  without,
} from './histories.test.rig.js';
import { SPARE } from './spare-evidence.test.rig.js';

const { checks } = loadCatalog();
/** A shared check is one function for all of its protocols. */
const once = checks.filter(({ judge }, i) => checks.findIndex((other) => other.judge === judge) === i);
const cases = once.map((check) => [`${check.id} of a ${check.role}`, check] as const);
const numRuns = process.env.HOLDFAST_PROOF === 'full' ? 400 : 15;
const OUTCOMES = ['pass', 'fail', 'inconclusive', 'skipped'];
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

function problemOf({ id }: Check): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

function spare(check: Check, seed: 'pass' | 'fail'): ReadonlySet<string> {
  return new Set(Object.keys(SPARE[problemOf(check)]?.[seed] ?? {}));
}

/** Numbers that cannot be written down are no measurement. */
function isSound(value: unknown): boolean {
  return Array.isArray(value) ? value.every(isSound) : typeof value !== 'number' || Number.isFinite(value);
}

describe('a check as a pure function', () => {
  test.each(cases)('%s is not moved by what happens elsewhere', (_, check) => {
    for (const seed of SEEDS) {
      const events = seedOf(check, seed);
      const usual = told(found(check, events));
      const last = events.at(-1)?.t ?? 0;
      const additions = fc.array(fc.tuple(irrelevant, fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 6 });
      fc.assert(
        fc.property(additions, (added) => {
          const more = added.map(([body, share], i): HistoryEvent => {
            return { ...body, seq: events.length + i + 1, t: share * last, scenario: 'story' };
          });
          expect(told(found(check, [...events, ...more]))).toEqual(usual);
        }),
        { numRuns },
      );
    }
  });

  test.each(cases)('%s says the same at any time of the day', (_, check) => {
    for (const seed of SEEDS) {
      const events = seedOf(check, seed);
      const usual = told(found(check, events));
      fc.assert(
        fc.property(fc.nat(DAY_MS), (byMs) => {
          // By powers of two of a millisecond times stay what they are to the last bit.
          const shifted = events.map((event) => ({ ...event, t: event.t + byMs }));
          expect(found(check, shifted).outcome).toBe(usual.outcome);
          expect(Object.keys(found(check, shifted).measured ?? {})).toEqual(Object.keys(usual.measured ?? {}));
          expect(told(found(check, shifted)).because).toEqual(usual.because);
        }),
        { numRuns: Math.min(numRuns, 20) },
      );
    }
  });

  test.each(cases)(
    '%s never throws on a part of a history, points only at what is in it, and measures numbers',
    (_, check) => {
      for (const seed of SEEDS) {
        fc.assert(
          fc.property(partOf(seedOf(check, seed)), (events) => {
            const { outcome, because = [], measured = {} } = found(check, events);
            expect(OUTCOMES).toContain(outcome);
            const there = new Set(events);
            expect(because.filter((event) => !there.has(event))).toEqual([]);
            if (outcome === 'fail') expect(because.length).toBeGreaterThan(0);
            if (!Object.values(measured).every(isSound)) expect(['pass', 'fail']).not.toContain(judged(check, events));
          }),
          { numRuns: 2 * numRuns },
        );
      }
    },
  );

  test.each(cases)('%s does not pass without its evidence, nor without any one sort of it', (_, check) => {
    for (const seed of SEEDS) {
      const events = seedOf(check, seed);
      const evidence = evidenceOf(found(check, events), events);
      expect(found(check, without(events, evidence)).outcome).not.toBe('pass');
      const unneeded = [...evidence].filter(
        (kind) => found(check, without(events, new Set([kind]))).outcome === 'pass',
      );
      expect(unneeded.filter((kind) => !spare(check, seed).has(kind))).toEqual([]);
    }
  });

  test.each(cases)('%s never turns from the one verdict to the other on a harness that stood still', (_, check) => {
    for (const seed of SEEDS) {
      const events = seedOf(check, seed);
      const last = events.at(-1)?.t ?? 0;
      const opposite = seed === 'pass' ? 'fail' : 'pass';
      fc.assert(
        fc.property(fc.integer({ min: 100, max: HOUR_MS }), (maxMs) => {
          const loops = Array.from({ length: 20 }, (_loop, i): HistoryEvent => {
            const at = { seq: events.length + i + 1, t: (last * (i + 1)) / 20, scenario: 'story' };
            return { type: 'loop', who: 'story', p99Ms: maxMs, maxMs, ...at };
          });
          expect(found(check, [...events, ...loops]).outcome).not.toBe(opposite);
        }),
        { numRuns: Math.min(numRuns, 20) },
      );
    }
  });

  test('a fleet that is in step stays so for all that one of its processes makes one connection more', () => {
    const jitter = once.find(({ id }) => id.endsWith('/no-jitter'));
    if (!jitter) throw new Error('no check of jitter');
    const events = seedOf(jitter, 'fail');
    const gates = [...new Set(events.flatMap((event) => (event.type === 'connection' ? [event.gate] : [])))];
    const last = events.at(-1)?.t ?? 0;
    fc.assert(
      fc.property(fc.constantFrom(...gates), fc.double({ min: 0, max: 1, noNaN: true }), (gate, share) => {
        const where = { type: 'connection', gate, conn: 999, scenario: 'story' } as const;
        const t = share * last;
        const more: HistoryEvent[] = [
          { ...where, what: 'start', seq: 1e6, t },
          { ...where, what: 'end', by: 'client', how: 'FIN', upBytes: 9, downBytes: 9, seq: 1e6 + 1, t: t + 30 },
        ];
        expect(found(jitter, [...events, ...more]).outcome).not.toBe('pass');
      }),
      { numRuns: 4 * numRuns },
    );
  });

  test('what is spare in the evidence of a check is a check and a sort of evidence that there are', () => {
    for (const [id, bySeed] of Object.entries(SPARE)) {
      const own = once.filter((check) => problemOf(check) === id);
      expect(own.length).toBeGreaterThan(0);
      for (const seed of SEEDS) {
        const kinds = new Set(own.flatMap((check) => seedOf(check, seed).map(kindOf)));
        expect(Object.keys(bySeed[seed] ?? {}).filter((kind) => !kinds.has(kind))).toEqual([]);
      }
    }
  });
});
