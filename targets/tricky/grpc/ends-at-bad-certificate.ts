/** Tricky: ends its process as soon as it cannot trust the server: nobody but a human can mend that. */
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'ends its process at a certificate that it does not trust',
  fine: ['grpc/accepts-bad-certificate'],
};

if (require.main === module)
  startClient({
    waitsForReady: false,
    delayMs: (failures, ended) => {
      if (/certificate|altname/i.test(ended.details)) process.exit(1);
      return resilient.delayMs(failures, ended);
    },
  });
