import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { openDescriptors } from './descriptors.js';

const onLinux = process.platform === 'linux' ? it : it.skip;

onLinux('counts what a process opens and closes', () => {
  const before = openDescriptors([process.pid]) ?? 0;
  const opened = Array.from({ length: 20 }, () => openSync(devNull, 'r'));
  expect(openDescriptors([process.pid])).toBe(before + 20);
  for (const descriptor of opened) closeSync(descriptor);
  expect(openDescriptors([process.pid])).toBe(before);
});

it('is undefined where no process can be read', () => {
  expect(openDescriptors([])).toBeUndefined();
});
