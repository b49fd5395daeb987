import { nowMs } from '../clock.js';
import { attribute, type Chunk, type ToxicKind } from './toxic.js';

/**
 * Delays each chunk by `latency` ± `jitter` milliseconds since it was read. Chunks stay in order, so a late one delays those
 * behind it. The end of a stream is not delayed but by the chunks before it.
 */
export const latency: ToxicKind = {
  type: 'latency',
  attributes: ['latency', 'jitter'],
  queueChunks: 1024,

  start(stage, attributes) {
    const latencyMs = attribute(attributes, 'latency');
    const jitterMs = attribute(attributes, 'jitter');
    let held: Chunk | undefined;

    /** Uniform over the integers of [latency - jitter, latency + jitter - 1]; a negative jitter counts as none. */
    const draw = () => (jitterMs > 0 ? latencyMs + stage.random.integer(-jitterMs, jitterMs - 1) : latencyMs);
    const pass = (chunk: Chunk, waitMs: number) => {
      held = undefined;
      // Moved back where the chunk was late already: so does the original, and what stands behind must see the same time.
      stage.put({ bytes: chunk.bytes, atMs: chunk.atMs + waitMs });
      stage.next();
    };

    return {
      chunk(chunk) {
        const delayMs = draw();
        const now = nowMs();
        const waitMs = delayMs - (now - chunk.atMs);
        if (waitMs <= 0) return pass(chunk, waitMs);
        held = chunk;
        stage.bite();
        stage.at(now + waitMs, () => pass(chunk, waitMs));
      },
      end: () => stage.close(),
      interrupt() {
        if (held) stage.put(held);
        return undefined;
      },
    };
  },
};
