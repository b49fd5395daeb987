import { nowMs, waitFor } from '../clock.js';
import { busyMs } from './busy.js';

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('a process in a loop is busy all the time', () => {
  const before = busyMs([process.pid]) ?? 0;
  const startMs = nowMs();
  while (nowMs() - startMs < 200);
  expect((busyMs([process.pid]) ?? 0) - before).toBeGreaterThan(150);
});

onLinux('a process that waits is not', async () => {
  const before = busyMs([process.pid]) ?? 0;
  await waitFor(() => false, 300);
  expect((busyMs([process.pid]) ?? 0) - before).toBeLessThan(150);
});

test('of a process that is gone nothing is known', () => {
  expect(busyMs([2 ** 22 + 1])).toBeUndefined();
});
