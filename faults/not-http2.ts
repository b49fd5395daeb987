import { every } from '../harness/clock.js';
import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';
import type { Address } from '../harness/scenario.js';

const LOOK_MS = 100;

export interface WrongHop {
  readonly gate: Gate;
  /** Where the gate led before. */
  readonly home: Address;
  /** What cannot pass gRPC on. */
  readonly hop: Address;
  /** The HTTP status of the first answer that is none of gRPC. */
  status(): number | undefined;
}

/** A hop that speaks no HTTP/2, or has no gRPC behind it, answers in the server's place: by a page, where a status is expected. */
export default defineFault<WrongHop, { readonly kind: string }>({
  id: 'not-http2',
  hop: 'middlebox',
  about: 'calls reach nginx without http2, nginx with a plain proxy_pass, or a page with status 200',
  evidence: 'an answer that is none of gRPC, as the client gets it',
  params: { kind: 'which of them' },
  async inject({ gate, home, hop, status }, { kind }, { bite }) {
    gate.setUpstream(hop.host, hop.port);
    let bitten = false;
    const look = () => {
      const seen = status();
      if (bitten || seen === undefined) return;
      bitten = true;
      bite({ kind, status: seen });
    };
    const looking = every(LOOK_MS, look);
    return () => {
      looking[Symbol.dispose]();
      look();
      gate.setUpstream(home.host, home.port);
    };
  },
});
