import { nowMs } from '../clock.js';
import { attribute, type Chunk, type ToxicKind } from './toxic.js';

/** Large chunks leave in pieces of this time. */
const SLOT_MS = 100;
/** Behind its time by more than this, a piece was held up by the receiver and not by our timer: the schedule starts anew. */
const STALL_MS = 20;

/**
 * At most `rate` KB/s (1 KB = 1000 bytes) a connection and direction. The time that a chunk costs is waited *before* it goes.
 * Rate 0 holds everything and drops nothing, the end included.
 */
export const bandwidth: ToxicKind = {
  type: 'bandwidth',
  attributes: ['rate'],
  // Where the original slices by a negative length and panics.
  refuse: (attributes) => (attribute(attributes, 'rate') < 0 ? 'rate must not be negative' : undefined),

  start(stage, attributes) {
    const rate = attribute(attributes, 'rate');
    const slotBytes = rate * SLOT_MS;
    let held: Chunk | undefined;
    /** Milliseconds owed for bytes seen, less those waited. */
    let owedMs = 0;

    const rest = (chunk: Chunk, fromMs: number) => {
      stage.at(fromMs + owedMs, () => {
        // What the timer took too long is credited to the next chunk.
        owedMs -= nowMs() - fromMs;
        held = undefined;
        stage.put(chunk, () => stage.next());
      });
    };
    const piece = (chunk: Chunk, fromMs: number) => {
      held = chunk;
      if (chunk.bytes.length <= slotBytes) return rest(chunk, fromMs);
      const dueMs = fromMs + SLOT_MS;
      stage.at(dueMs, () => {
        owedMs -= SLOT_MS;
        const left = { bytes: chunk.bytes.subarray(slotBytes), atMs: chunk.atMs };
        held = left;
        stage.put({ bytes: chunk.bytes.subarray(0, slotBytes), atMs: chunk.atMs }, () => {
          const now = nowMs();
          piece(left, now - dueMs > STALL_MS ? now : dueMs);
        });
      });
    };

    return {
      chunk(chunk) {
        stage.bite();
        held = chunk;
        if (rate === 0) return;
        owedMs += chunk.bytes.length / rate;
        piece(chunk, nowMs());
      },
      end: () => stage.close(),
      interrupt() {
        if (held) stage.put(held);
        return undefined;
      },
    };
  },
};
