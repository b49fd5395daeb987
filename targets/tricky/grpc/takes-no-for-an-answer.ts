/** Tricky: stays away for good after UNAUTHENTICATED and PERMISSION_DENIED, with its process alive. */
import { status } from '@grpc/grpc-js';
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'stays away for good after UNAUTHENTICATED and PERMISSION_DENIED',
  fine: ['grpc/retries-forbidden'],
};

const FORBIDDEN = [status.UNAUTHENTICATED, status.PERMISSION_DENIED];

if (require.main === module)
  startClient({
    delayMs: (failures, ended) => (FORBIDDEN.includes(ended.code) ? null : resilient.delayMs(failures, ended)),
  });
