/** Flaw: takes a name that cannot be resolved for a wrong setting, and ends. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/dns-failure-fatal';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) {
  startClient({
    onError: ({ code = '' }) => {
      if (/^(EAI_AGAIN|ENOTFOUND)$/.test(code)) process.exit(1);
    },
  });
}
