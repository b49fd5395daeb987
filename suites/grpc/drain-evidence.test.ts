import type { EventBodyAt } from '../../harness/contract.js';
import { statusName } from '../../harness/grpc-status.js';
import { viewOf } from '../../harness/history.js';
import { tell } from '../../harness/story.js';
import { drainsOf } from './drain-evidence.js';

const where = { gate: 'clients', conn: 1 } as const;
const begun: readonly EventBodyAt[] = [
  [0, { type: 'connection', ...where, what: 'start' }],
  [1, { type: 'handshake', ...where, dir: 'up', stream: 1, rpc: '/a.B/C' }],
];
const gone: EventBodyAt = [
  90,
  { type: 'connection', ...where, what: 'end', by: 'server', how: 'FIN', upBytes: 0, downBytes: 0 },
];
const reset = (code: number): EventBodyAt => [
  50,
  { type: 'frame', ...where, dir: 'down', frame: 'RST_STREAM', stream: 1, code },
];

function statusesOf(...more: readonly EventBodyAt[]) {
  return drainsOf(viewOf(tell([...begun, ...more])), 10).flatMap(({ calls }) =>
    calls.map(({ status }) => (status === undefined ? 'goes on' : statusName(status))),
  );
}

test('a call in flight has the status that its client sees', () => {
  expect(statusesOf([50, { type: 'trailers', ...where, stream: 1, grpcStatus: 14 }], gone)).toEqual(['UNAVAILABLE']);
  expect(statusesOf([50, { type: 'trailers', ...where, stream: 1 }])).toEqual(['UNKNOWN']);
  expect(statusesOf(reset(8), gone)).toEqual(['CANCELLED']);
  expect(statusesOf(reset(7))).toEqual(['UNAVAILABLE']);
  expect(statusesOf(reset(0))).toEqual(['INTERNAL']);
  expect(statusesOf(gone)).toEqual(['UNAVAILABLE']);
  expect(statusesOf()).toEqual(['goes on']);
});

test('a call that was over at the signal, and a connection that came later, are not in flight', () => {
  expect(statusesOf([5, { type: 'trailers', ...where, stream: 1, grpcStatus: 0 }], gone)).toEqual([]);
  expect(drainsOf(viewOf(tell([[20, { type: 'connection', ...where, what: 'start' }]])), 10)).toEqual([]);
});
