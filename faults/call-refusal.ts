import { every } from '../harness/clock.js';
import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';
import { askingToWait, startGrpcRefuser } from '../harness/drivers/grpc-refuser.js';
import { RESOURCE_EXHAUSTED, statusOfHttp } from '../harness/grpc-status.js';
import type { Address } from '../harness/scenario.js';

const LOOK_MS = 100;
const TOO_MANY_REQUESTS = 429;

export interface Refused {
  readonly gate: Gate;
  /** Where the gate led before. */
  readonly home: Address;
}

/** The server lives and will not take this client's calls, or not now: UNAUTHENTICATED, PERMISSION_DENIED, RESOURCE_EXHAUSTED, UNAVAILABLE. */
export default defineFault<
  Refused,
  { readonly gate: string; readonly status: number; readonly retryAfterS: number | null }
>({
  id: 'call-refusal',
  hop: 'gate',
  about: 'new gRPC calls are ended at once by a status, with pushback and RetryInfo where a time is given',
  evidence: 'a call ended so',
  params: { gate: 'name of the gate', status: 'HTTP status of its gRPC code', retryAfterS: 'seconds, null for none' },
  async inject({ gate, home }, { gate: name, status, retryAfterS }, { bite }) {
    // A proxy's 429 is UNAVAILABLE; a server's own is RESOURCE_EXHAUSTED [google/rpc/code.proto].
    const code = status === TOO_MANY_REQUESTS ? RESOURCE_EXHAUSTED : statusOfHttp(status);
    const refuser = await startGrpcRefuser(code, retryAfterS === null ? {} : askingToWait(code, 1000 * retryAfterS));
    gate.setUpstream(refuser.host, refuser.port);
    let bitten = false;
    const look = () => {
      if (bitten || refuser.refused === 0) return;
      bitten = true;
      bite({ gate: name, status, code, refused: refuser.refused });
    };
    const looking = every(LOOK_MS, look);
    return async () => {
      looking[Symbol.dispose]();
      // Whoever was answered and left has healed it before the next look.
      look();
      gate.setUpstream(home.host, home.port);
      await refuser[Symbol.asyncDispose]();
    };
  },
});
