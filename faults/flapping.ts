import { every } from '../harness/clock.js';
import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';
import type { ReferenceServer } from '../harness/protocol.js';
import type { Address } from '../harness/scenario.js';

const LOOK_MS = 100;

export interface Flap {
  readonly gates: readonly Gate[];
  /** One that drops newcomers. */
  readonly flapper: ReferenceServer;
  /** Where the gates led before. */
  readonly home: Address;
}

/** A server that starts, lets everybody in and falls over again, as one in a crash loop does. */
export default defineFault<Flap, Record<string, never>>({
  id: 'flapping',
  hop: 'gate',
  about: 'new connections get their handshake answered, and are dropped at once without a close frame',
  evidence: 'handshakes answered and dropped',
  params: {},
  async inject({ gates, flapper, home }, _, { bite }) {
    flapper.dropNewcomers();
    for (const gate of gates) gate.setUpstream(flapper.host, flapper.port);
    let bitten = 0;
    const look = () => {
      if (flapper.dropped > bitten) bite({ dropped: flapper.dropped - bitten });
      bitten = flapper.dropped;
    };
    const looking = every(LOOK_MS, look);
    return () => {
      looking[Symbol.dispose]();
      look();
      for (const gate of gates) gate.setUpstream(home.host, home.port);
    };
  },
});
