/** Flaw: asks for the address of its server once, and gives the channel that. */
import { lookup } from 'node:dns';
import { startClient } from '../../grpc-client';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/stale-address';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) {
  const url = new URL(process.env.TARGET_URL ?? 'grpc://127.0.0.1:8080');
  lookup(url.hostname, 4, (_, address) => {
    process.env.TARGET_URL = `${url.protocol}//${address}:${url.port}`;
    startClient();
  });
}
