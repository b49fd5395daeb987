/** Tricky: asks for its server's address at each attempt, and goes to the last one it knew where there is no answer. */
import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { TrickyMeta } from '../../program';
import { startClient } from '../../sse-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'goes to the last address it knew while its name cannot be resolved',
  fine: ['sse/dns-failure-fatal', 'sse/stale-address'],
};

let known: string | LookupAddress[] | undefined;

const orTheLast: LookupFunction = (host, options, done) => {
  lookup(host, options, (error, address, family) => {
    if (!error) known = address;
    done(known === undefined ? error : null, (known ?? address) as string, family);
  });
};

if (require.main === module) startClient({ connection: () => ({ lookup: orTheLast }) });
