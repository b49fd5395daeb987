import { type Limits, readLimits, shortages } from './limits.js';
import type { Plan } from './plan.js';

const PLENTY: Limits = { descriptors: 1_048_576, ports: 28_232, memoryMib: 64_000 };
const plan = (connections: number) =>
  ({
    options: { clients: connections },
    scenarios: [
      { scenario: { id: 'storm', lane: 'busy', connections: ({ clients }: { clients: number }) => clients } },
      { scenario: { id: 'idle', lane: 'quiet' } },
    ],
  }) as unknown as Plan;

test('this machine can be asked', () => {
  const { memoryMib, descriptors } = readLimits();
  expect(memoryMib).toBeGreaterThan(0);
  if (process.platform === 'linux') expect(descriptors).toBeGreaterThan(0);
});

test('a machine with room for all of it is no matter', () => expect(shortages(plan(200), PLENTY)).toEqual([]));

test.each([
  [{ descriptors: 256 }, /^256 descriptors a process are few, the scenario storm may need 664 \(ulimit -n\)/],
  [{ ports: 121 }, /^121 ports for connections are few, the scenario storm may need 400/],
  [{ memoryMib: 300 }, /^300 MiB of free memory are few, the run may need 602 \(.*--only\)/],
])('what will not suffice is told with its remedy: %o', (few, told) => {
  expect(shortages(plan(200), { ...PLENTY, ...few })).toEqual([expect.stringMatching(told)]);
  expect(shortages(plan(200), { ...PLENTY, ...few })[0]).toMatch(/inconclusive$/);
});

test('what cannot be told is not told', () => {
  expect(shortages(plan(10_000), { ...PLENTY, descriptors: undefined, ports: undefined })).toEqual([]);
});
