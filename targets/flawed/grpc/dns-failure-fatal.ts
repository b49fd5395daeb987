/** Flaw: looks its server's name up at each end, and takes one that cannot be resolved for a wrong setting. */
import { lookup } from 'node:dns';
import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/dns-failure-fatal';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) {
  const { hostname } = new URL(process.env.TARGET_URL ?? 'grpc://127.0.0.1:8080');
  startClient({
    delayMs: (failures, ended) => {
      lookup(hostname, (error) => error && process.exit(1));
      return resilient.delayMs(failures, ended);
    },
  });
}
