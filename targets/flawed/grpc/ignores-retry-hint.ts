/** Flaw: comes back at its own pace, whatever the server asks for. */
import { status } from '@grpc/grpc-js';
import { startClient } from '../../grpc-client';
import { type FlawMeta, scaledMs } from '../../program';

export const trips = 'grpc/ignores-retry-hint';
export const meta: FlawMeta = { role: 'client', trips };

const FORBIDDEN = [status.UNAUTHENTICATED, status.PERMISSION_DENIED];

if (require.main === module)
  startClient({ askedMs: (ended) => (FORBIDDEN.includes(ended.code) ? scaledMs(15_000) : 0) });
