/** Tricky: follows its stream without a deadline, since it is meant to last; what it asks once has one, of days. */
import { startClient } from '../../grpc-client';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'its stream has no deadline, its questions have one so long that it travels in seconds',
  fine: ['grpc/ignored-deadline'],
};

/** grpc-timeout has eight digits: beyond 28 hours they count seconds (PROTOCOL-HTTP2.md). */
const LONG_MS = 200 * 60 * 60 * 1_000;

if (require.main === module) startClient({ deadlineMs: LONG_MS });
