import { nowMs } from '../clock.js';
import type { Random } from '../random.js';
import { attribute, type Chunk, type ToxicKind } from './toxic.js';

/** Below this a timer cannot aim: the delays of several pieces are waited together. */
const FINEST_MS = 1;

/**
 * Cuts each chunk into pieces of about `average_size` ± `size_variation` bytes, written one by one, each followed by `delay`
 * microseconds (the last too).
 */
export const slicer: ToxicKind = {
  type: 'slicer',
  attributes: ['average_size', 'size_variation', 'delay'],

  refuse(attributes) {
    const average = attribute(attributes, 'average_size');
    const variation = attribute(attributes, 'size_variation');
    // The original halves for ever on the first, and cuts outside the chunk on the second.
    if (average + variation <= 0) return 'average_size + size_variation must be positive';
    if (variation > 0 && variation > average + 1) return 'size_variation must not exceed average_size';
    return undefined;
  },

  start(stage, attributes) {
    const average = attribute(attributes, 'average_size');
    const variation = attribute(attributes, 'size_variation');
    const delayMs = Math.max(0, attribute(attributes, 'delay')) / 1000;
    let held: Chunk | undefined;

    const pieces = (chunk: Chunk, ends: readonly number[], dueMs: number) => {
      let taken = 0;
      let start = 0;
      let due = dueMs;
      const wave: Chunk[] = [];
      // As many pieces at once as their delays are not worth a timer.
      do {
        const end = ends[taken++] ?? chunk.bytes.length;
        wave.push({ bytes: chunk.bytes.subarray(start, end), atMs: chunk.atMs });
        start = end;
        due += delayMs;
      } while (taken < ends.length && due - nowMs() < FINEST_MS);
      const left = { bytes: chunk.bytes.subarray(start), atMs: chunk.atMs };
      held = taken < ends.length ? left : undefined;
      const onward = () => {
        if (taken === ends.length) return stage.next();
        const later = ends.slice(taken).map((end) => end - start);
        pieces(left, later, Math.max(due, nowMs() - delayMs));
      };
      const waited = () => (due - nowMs() < FINEST_MS ? onward() : stage.at(due, onward));
      wave.forEach((piece, index) => {
        stage.put(piece, index === wave.length - 1 ? waited : undefined);
      });
    };

    return {
      chunk(chunk) {
        const ends = cuts(0, chunk.bytes.length, average, variation, stage.random);
        if (ends.length > 1) stage.bite();
        pieces(chunk, ends, nowMs());
      },
      end: () => stage.close(),
      interrupt() {
        if (held) stage.put(held);
        return undefined;
      },
    };
  },
};

/** Halves until a piece is small enough, shifting each cut by chance: the ends of the pieces. */
function cuts(start: number, end: number, average: number, variation: number, random: Random): number[] {
  if (end - start - average <= variation) return [end];
  let middle = start + Math.floor((end - start) / 2);
  if (variation > 0) middle += random.integer(-variation, variation - 1);
  return [...cuts(start, middle, average, variation, random), ...cuts(middle, end, average, variation, random)];
}
