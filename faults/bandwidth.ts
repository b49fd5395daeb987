import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { nowMs, within } from '../harness/clock.js';
import { defineFault } from '../harness/define.js';
import type { ToxicPath } from '../harness/path/toxic-path.js';
import type { Address } from '../harness/scenario.js';

/** Bytes of our own that prove the limit: half a second of a 4 Mbit/s link, and never more than a second of a slower one. */
const PROOF_BYTES = 256 * 1024;
const PROOF_S = 1;
const PROOF_MS = 20_000;
/** Toxiproxy lets the first 100 ms' worth pass at once. */
const SHARE = 0.6;

interface Narrowed {
  readonly path: ToxicPath;
  /** Where the path leads. */
  readonly to: Address;
}

/** What the server sends passes at this rate and no faster, each connection by itself. */
export default defineFault<Narrowed, { readonly rateKBps: number }>({
  id: 'bandwidth',
  hop: 'toxiproxy',
  about: "the server's bytes pass at a rate and no faster",
  evidence: 'bytes of our own through the same path took as long as they must',
  params: { rateKBps: 'kilobytes a second' },
  byHand: { subject: 'narrow path', defaults: { rateKBps: 50 } },
  async inject({ path, to }, { rateKBps }, { bite }) {
    const toxic = await path.proxy.addToxic({ type: 'bandwidth', attributes: { rate: rateKBps } });
    const bytes = Math.min(PROOF_BYTES, PROOF_S * 1000 * rateKBps);
    const tookMs = await prove(path, to, bytes);
    if (tookMs >= (SHARE * bytes) / rateKBps) bite({ bytes, tookMs: Math.round(tookMs), rateKBps });
    return () => path.proxy.removeToxic(toxic.name);
  },
});

/** For one connection the path leads to a server of ours that sends as fast as it can. */
async function prove({ near, far }: ToxicPath, to: Address, bytes: number): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(Buffer.alloc(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  far.setUpstream('127.0.0.1', (server.address() as AddressInfo).port);
  const startMs = nowMs();
  const peer = connect(near.port, '127.0.0.1');
  try {
    peer.on('error', () => {}).resume();
    await within('our own bytes on the narrow path', PROOF_MS, once(peer, 'close'));
  } finally {
    peer.destroy();
    far.setUpstream(to.host, to.port);
    server.close();
  }
  return nowMs() - startMs;
}
