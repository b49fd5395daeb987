import type { Plan } from '../plan.js';
import type { Scenario } from '../scenario.js';
import { createProgress } from './progress.js';

const scenario = (id: string, lane: 'quiet' | 'busy', windowMs: number): Plan['scenarios'][number] => {
  const one: Scenario = { id, about: id, role: 'server', lane, faults: [], windowMs, run: async () => undefined };
  return { scenario: one, windowMs };
};
const plan = {
  target: {},
  scenarios: [scenario('idle', 'quiet', 77_000), scenario('storm', 'busy', 30_000), scenario('sizes', 'busy', 60_000)],
};

function shown(live: boolean): string {
  let text = '';
  const progress = createProgress(plan as unknown as Plan, {
    columns: 80,
    live,
    write: (more) => {
      text += more;
    },
  });
  progress.show({ kind: 'engine', engine: { kind: 'embedded', version: '1' } });
  progress.show({ kind: 'scenario', id: 'idle', state: 'started', windowMs: 77_000 });
  progress.show({ kind: 'phase', scenario: 'idle', phase: 'fault' });
  progress.show({ kind: 'note', text: 'a note \u001b[2J' });
  progress.show({ kind: 'scenario', id: 'storm', state: 'finished', windowMs: 30_000 });
  progress[Symbol.dispose]();
  return text;
}

test('plain lines tell what started, what finished, and how long still', () => {
  const lines = shown(false).trimEnd().split('\n');
  expect(lines[0]).toBe('engine embedded 1');
  expect(lines[1]).toBe('started idle (about 1 min 17 s)');
  expect(lines[2]).toBe('a note \\e[2J');
  expect(lines[3]).toMatch(/^finished storm: 1 of 3 scenarios done, .* gone, about 1 min 17 s left$/);
});

test('a terminal gets one line a scenario, redrawn, and nothing of it stays', () => {
  const text = shown(true);
  expect(text).toMatch(/idle {2}fault +1 min 17 s left/);
  expect(text.endsWith('\u001b[2A\u001b[J')).toBe(true);
});
