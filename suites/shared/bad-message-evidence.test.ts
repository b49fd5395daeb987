import type { EventBodyAt } from '../../harness/contract.js';
import { viewOf } from '../../harness/history.js';
import { tell } from '../../harness/story.js';
import { laterOf } from './bad-message-evidence.js';

const message = { type: 'message', gate: 'victim', conn: 1, dir: 'down', opcode: 'text', bytes: 9, hash: 'm' } as const;
const report = { type: 'report', process: 'victim', event: 'message' } as const;

/** Ten messages before a bad one at 1000 and ten behind it; of each ten the application reports so many. */
function later(before: number, behind: number, untilNextMs = 3000) {
  const ten = (from: number, reports: number): EventBodyAt[] =>
    Array.from({ length: 10 }, (_, i) => i).flatMap((i): EventBodyAt[] => [
      [from + i * 10, message],
      ...(i < reports ? [[from + i * 10 + 1, report] as const] : []),
    ]);
  return laterOf(
    viewOf(
      tell([
        ...ten(100, before),
        [1000, { type: 'phase', phase: 'fault', label: 'empty' }],
        ...ten(1100, behind),
        [1100 + untilNextMs, { type: 'phase', phase: 'fault', label: 'HTML' }],
      ]),
    ),
    'empty',
  );
}

test('an application that reported each message, and after a bad one nothing more, hears nothing', () => {
  expect(later(10, 0)).toEqual({ messages: 10, deaf: true });
  // The one may be the bad message itself.
  expect(later(10, 1).deaf).toBe(true);
  expect(later(10, 10).deaf).toBe(false);
});

test('messages that came right before the next bad one may not be reported yet', () => {
  expect(later(10, 0, 150).deaf).toBe(false);
});

test('of one that reports little or nothing silence is no sign', () => {
  expect(later(0, 0).deaf).toBe(false);
  expect(later(2, 0).deaf).toBe(false);
});
