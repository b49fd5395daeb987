/** Tricky: keeps to deadlines by timers of its own, that end a call 0.6 s after its deadline, by RST_STREAM and without a status. */
import { constants } from 'node:http2';
import { startServer } from '../../grpc-server';
import type { TrickyMeta } from '../../program';
import { withoutDeadlines } from '../../without-deadlines';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'ends calls 0.6 s after their deadline, by RST_STREAM and without a status',
  fine: ['grpc/ignored-deadline'],
};

const LATE_MS = 600;

if (require.main === module) {
  withoutDeadlines((stream, timeout) => {
    const end = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), Number.parseInt(timeout, 10) + LATE_MS);
    stream.once('close', () => clearTimeout(end));
  });
  startServer();
}
