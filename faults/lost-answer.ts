import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';

/** A unary call whose only message has passed the gate on its way to the server. */
export interface UnaryRequest {
  readonly conn: number;
  readonly stream: number;
  readonly rpc: string;
}

/** Tells of each such request, in the moment in which it passes; undefined: of none any more. */
export interface Asking {
  readonly gate: Gate;
  listen(onRequest: ((request: UnaryRequest) => void) | undefined): void;
}

/** The request was sent, and may have been carried out; nobody will ever say so. */
export default defineFault<Asking, Record<string, never>>({
  id: 'lost-answer',
  hop: 'gate',
  about: 'the connection is reset as soon as a request has passed, before it is answered',
  evidence: 'the request seen, and its connection cut while the answer was outstanding',
  params: {},
  async inject({ gate, listen }, _, { bite }) {
    listen(({ conn, stream, rpc }) => {
      listen(undefined);
      // Behind the bytes that are being forwarded, and before any answer to them can be read.
      queueMicrotask(() => {
        const connection = gate.live.find(({ id, ended }) => id === conn && !ended);
        connection?.reset();
        if (connection?.endedBy === 'gate') bite({ conn, stream, rpc });
      });
    });
    return () => listen(undefined);
  },
});
