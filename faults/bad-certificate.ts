import { every } from '../harness/clock.js';
import { defineFault } from '../harness/define.js';
import type { TlsFront } from '../harness/path/tls-front.js';

const LOOK_MS = 50;

/** Whoever connects is shown a certificate that proves nothing: the fault is in force while the front stands. */
export default defineFault<TlsFront, { readonly kind: string }>({
  id: 'bad-certificate',
  hop: 'gate',
  about: 'the gate ends TLS with a certificate that is self-signed, expired, or for another name',
  evidence: 'a TLS handshake in which the client was shown that certificate',
  params: { kind: 'self-signed | expired | wrong-name' },
  async inject(front, { kind }, { bite }) {
    let bitten = false;
    const look = () => {
      if (bitten || front.shown === 0) return;
      bitten = true;
      bite({ kind, alert: front.refusal ?? null });
    };
    const looking = every(LOOK_MS, look);
    return () => {
      looking[Symbol.dispose]();
      look();
    };
  },
});
