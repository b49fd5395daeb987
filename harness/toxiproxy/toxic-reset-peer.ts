import { nowMs } from '../clock.js';
import { attribute, type ToxicKind } from './toxic.js';

/**
 * Waits for the first chunk or the end in its direction, discards it, waits `timeout` milliseconds and closes: by RST on both
 * sides where the connection began while a reset_peer was there, else by FIN. Once it waits nothing interrupts it; the
 * original's API call blocks until then, ours does not.
 */
export const resetPeer: ToxicKind = {
  type: 'reset_peer',
  attributes: ['timeout'],
  lingersZero: true,

  start(stage, attributes) {
    let waiting = false;
    const trigger = () => {
      waiting = true;
      stage.bite();
      stage.at(nowMs() + attribute(attributes, 'timeout'), () => stage.close());
    };
    return {
      chunk(chunk) {
        stage.drop(chunk.bytes.length);
        trigger();
      },
      end: trigger,
      interrupt: () => (waiting ? 'stay' : undefined),
    };
  },
};
