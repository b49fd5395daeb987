/** Flaw: asks for the address of its server once, and keeps it. */
import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/stale-address';
export const meta: FlawMeta = { role: 'client', trips };

let known: string | LookupAddress[] | undefined;

const once: LookupFunction = (host, options, done) => {
  if (known !== undefined) return done(null, known as string, 4);
  lookup(host, options, (error, address, family) => {
    if (!error) known = address;
    done(error, address as string, family);
  });
};

if (require.main === module) startClient({ connection: () => ({ lookup: once }) });
