import type { Facts } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';

/** Somebody who must not be let in: `open` tries it and tells what became of the handshake. */
export interface Stranger {
  open(): Promise<Facts>;
  leave(): void;
}

/** A client with no credential, or with one that is declared to be wrong. */
export default defineFault<Stranger, { readonly credential: 'none' | 'wrong' }>({
  id: 'bad-credentials',
  hop: 'driver',
  about: 'a client comes with no credential, or with a wrong one',
  evidence: 'the handshake that it sent, and what that was answered with',
  params: { credential: 'none or wrong' },
  async inject(stranger, { credential }, { bite }) {
    bite({ credential, ...(await stranger.open()) });
    return () => stranger.leave();
  },
});
