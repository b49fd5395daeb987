import { nowMs, watchLoop } from './clock.js';

function standStill(ms: number): void {
  for (const until = nowMs() + ms; nowMs() < until; );
}

describe('the delay of our own loop', () => {
  test('a turn that is read before it has ended is told whole', () => {
    using loop = watchLoop();
    loop.read();
    standStill(200);
    expect(loop.read().maxMs).toBeGreaterThanOrEqual(180);
  });

  test('one that ended before the reading is told once', async () => {
    using loop = watchLoop();
    standStill(200);
    await new Promise(setImmediate);
    expect(loop.read().maxMs).toBeGreaterThanOrEqual(180);
    expect(loop.read().maxMs).toBeLessThan(180);
  });
});
