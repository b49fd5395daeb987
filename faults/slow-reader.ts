import type { GateConnection } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';

/** One hop only, the gate beside the server: further hops would swallow tens of megabytes (CHECKLIST rule 13). */
export default defineFault<GateConnection, { readonly bytesPerS: number }>({
  id: 'slow-reader',
  hop: 'gate',
  about: 'what the server sends is read at this rate and no faster',
  evidence: 'the bytes left unread',
  params: { bytesPerS: 'bytes a second' },
  async inject(connection, { bytesPerS }, { bite }) {
    connection.throttleDown(bytesPerS);
    bite({ bytesPerS });
    return () => connection.throttleDown(null);
  },
});
