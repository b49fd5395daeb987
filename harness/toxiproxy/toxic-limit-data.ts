import { attribute, type ToxicKind } from './toxic.js';

/** Passes `bytes` bytes, counted on each connection since the toxic joined it, and closes. */
export const limitData: ToxicKind = {
  type: 'limit_data',
  attributes: ['bytes'],

  start(stage, attributes) {
    const limit = attribute(attributes, 'bytes');
    return {
      chunk(chunk) {
        const room = Math.max(0, limit - stage.memory.bytes);
        const bytes = chunk.bytes.subarray(0, room);
        if (bytes.length < chunk.bytes.length) stage.drop(chunk.bytes.length - bytes.length);
        if (bytes.length > 0) stage.put({ bytes, atMs: chunk.atMs });
        stage.memory.bytes += bytes.length;
        if (stage.memory.bytes < limit) return stage.next();
        stage.bite();
        stage.close();
      },
      end: () => stage.close(),
    };
  },
};
