/** Flaw: asks for the address of its server once, and keeps it. */
import { type LookupAddress, lookup } from 'node:dns';
import { connect, type LookupFunction, type NetConnectOpts } from 'node:net';
import type { ClientOptions } from 'ws';
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/stale-address';
export const meta: FlawMeta = { role: 'client', trips };

let known: string | LookupAddress[] | undefined;

const once: LookupFunction = (host, options, done) => {
  if (known !== undefined) return done(null, known as string, 4);
  lookup(host, options, (error, address, family) => {
    if (!error) known = address;
    done(error, address as string, family);
  });
};

const createConnection = ((options: NetConnectOpts) =>
  connect({ ...options, path: undefined, lookup: once } as NetConnectOpts)) as ClientOptions['createConnection'];

// The detour would ask anew.
if (require.main === module)
  startClient({ firstSignMs: null, connection: () => (createConnection ? { createConnection } : {}) });
