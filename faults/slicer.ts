import { every } from '../harness/clock.js';
import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';
import type { ToxicPath } from '../harness/path/toxic-path.js';

const LOOK_MS = 200;
/** Reads of the near gate for one of the far gate's: the kernel may join some slices again. */
const SHARE = 2;
const MIN_CHUNKS = 5;

/** What the server sends arrives in small pieces, each a segment of its own: a client must not take a read for a message. */
export default defineFault<ToxicPath, { readonly sizeBytes: number }>({
  id: 'slicer',
  hop: 'toxiproxy',
  about: "the server's bytes arrive in pieces of this size",
  evidence: 'chunks seen behind Toxiproxy, and more of them before it',
  params: { sizeBytes: 'bytes' },
  byHand: { subject: 'path', defaults: { sizeBytes: 8 } },
  async inject(path, { sizeBytes }, { bite }) {
    const attributes = { average_size: sizeBytes, size_variation: 0, delay: 0 };
    const toxic = await path.proxy.addToxic({ type: 'slicer', attributes });
    const at = { near: chunks(path.near), far: chunks(path.far) };
    let bitten = false;
    const look = every(LOOK_MS, () => {
      const [near, far] = [chunks(path.near) - at.near, chunks(path.far) - at.far];
      if (bitten || far < MIN_CHUNKS || near < SHARE * far) return;
      bitten = true;
      bite({ sizeBytes, chunks: far, slices: near });
    });
    return async () => {
      look[Symbol.dispose]();
      await path.proxy.removeToxic(toxic.name);
    };
  },
});

function chunks(gate: Gate): number {
  return gate.live.find(({ ended }) => !ended)?.downChunks ?? 0;
}
