import { every } from '../harness/clock.js';
import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';

const LOOK_MS = 100;

/** The way from a proxy to its server. */
export interface BehindProxy {
  readonly inner: Gate;
  /** The answers that the proxy has ended, with where they stood then and how that came to the client. */
  cuts(): readonly { readonly where: string; readonly how: string }[];
}

/** The server behind a proxy says nothing any more: answers that have begun stand still, and new ones do not begin. */
export default defineFault<BehindProxy, Record<string, never>>({
  id: 'read-timeout',
  hop: 'middlebox',
  about:
    'nginx ends answers that stand still for grpc_read_timeout: by RST_STREAM in their middle, with 504 before their head',
  evidence: 'an answer ended so, as the client gets it',
  params: {},
  async inject({ inner, cuts }, _, { bite }) {
    const bitten = new Set<string>();
    await inner.setDoor({ kind: 'hang' });
    const quiet = inner.live.filter(({ ended }) => !ended);
    for (const connection of quiet) connection.freeze();
    const look = () => {
      for (const { where, how } of cuts()) {
        if (!bitten.has(where)) bite({ where, how });
        bitten.add(where);
      }
    };
    const looking = every(LOOK_MS, look);
    return async () => {
      looking[Symbol.dispose]();
      look();
      for (const connection of quiet) connection.reset();
      await inner.setDoor({ kind: 'open' });
    };
  },
});
