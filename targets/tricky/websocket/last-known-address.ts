/**
 * Tricky: asks for its server's address at each attempt, and goes to the last one it knew where there is no answer: it is back
 * while its name cannot be resolved at all, and does not miss a new address either.
 */
import { type LookupAddress, lookup } from 'node:dns';
import { connect, type LookupFunction, type NetConnectOpts } from 'node:net';
import type { ClientOptions } from 'ws';
import type { TrickyMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'goes to the last address it knew while its name cannot be resolved',
  fine: ['websocket/dns-failure-fatal', 'websocket/stale-address'],
};

let known: string | LookupAddress[] | undefined;

const orTheLast: LookupFunction = (host, options, done) => {
  lookup(host, options, (error, address, family) => {
    if (!error) known = address;
    done(known === undefined ? error : null, (known ?? address) as string, family);
  });
};

const createConnection = ((options: NetConnectOpts) =>
  connect({ ...options, path: undefined, lookup: orTheLast } as NetConnectOpts)) as ClientOptions['createConnection'];

if (require.main === module) startClient({ connection: () => (createConnection ? { createConnection } : {}) });
