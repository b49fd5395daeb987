import type { EventBodyAt, Facts } from '../../harness/contract.js';
import { judgeStory } from '../../harness/story.js';
import check from './hung-shutdown.js';

/** A client that is there at the signal, and gets no goodbye. */
const gone = (facts: Facts): EventBodyAt[] => [
  [0, { type: 'connection', gate: 'clients', conn: 1, what: 'start' }],
  [10, { type: 'fault', fault: 'stop', what: 'bite', who: 's', facts: {} }],
  [6000, { type: 'measure', name: 'gone', facts: { ownChild: true, exitCode: null, ...facts } }],
];
const said = (facts: Facts) => {
  const { outcome, actual } = judgeStory(check.value, gone(facts));
  return `${outcome}: ${actual}`;
};

test('a process that the signal ends at once did not handle it', () => {
  expect(said({ exitMs: 30, signal: 'SIGTERM' })).toMatch(/^fail: .*killed by SIGTERM: nothing handled the signal/);
});

// go-zero drains for 5.5 s and then sends itself the signal again.
test('one that the signal ends only after seconds did handle it', () => {
  expect(said({ exitMs: 5500, signal: 'SIGTERM' })).toMatch(
    /^fail: gone after 5.5 s by the signal itself, without a good/,
  );
});

test('one that dies of another signal did not fail to handle this one', () => {
  expect(said({ exitMs: 30, signal: 'SIGABRT' })).toMatch(/^fail: .*it died of SIGABRT/);
});
