import { every } from '../harness/clock.js';
import type { GateConnection } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';
import type { ToxicPath } from '../harness/path/toxic-path.js';

const LOOK_MS = 100;

/** A plan that is used up: each connection passes so many bytes of the server's, and is then closed. */
export default defineFault<ToxicPath, { readonly bytes: number }>({
  id: 'limit-data',
  hop: 'toxiproxy',
  about: "a connection is closed once so many of the server's bytes have passed",
  evidence: 'connections that ended behind that many bytes',
  params: { bytes: 'bytes' },
  byHand: { subject: 'path', defaults: { bytes: 65_536 } },
  async inject(path, { bytes }, { bite }) {
    const startBytes = new Map<GateConnection, number>();
    const watch = () => {
      for (const one of path.far.live) if (!startBytes.has(one)) startBytes.set(one, one.downBytes);
    };
    let bitten = 0;
    watch();
    const toxic = await path.proxy.addToxic({ type: 'limit_data', attributes: { bytes } });
    const look = every(LOOK_MS, () => {
      watch();
      const spent = [...startBytes].filter(([one, before]) => one.ended && one.downBytes - before >= bytes);
      if (spent.length > bitten) bite({ bytes, closed: spent.length });
      bitten = spent.length;
    });
    return async () => {
      look[Symbol.dispose]();
      await path.proxy.removeToxic(toxic.name);
    };
  },
});
