import { nowMs } from '../clock.js';
import { attribute, type ToxicKind } from './toxic.js';

/**
 * Drops all data of its direction, and closes the connection after `timeout` milliseconds without any; each dropped chunk
 * restarts the wait. 0 drops for ever. Its removal closes the connection, even where it had lost its roll.
 */
export const timeout: ToxicKind = {
  type: 'timeout',
  attributes: ['timeout'],
  closesOnRemoval: true,

  start(stage, attributes) {
    const timeoutMs = attribute(attributes, 'timeout');
    const wait = () => {
      if (timeoutMs > 0) stage.at(nowMs() + timeoutMs, () => stage.close());
    };
    wait();
    return {
      chunk(chunk) {
        stage.drop(chunk.bytes.length);
        wait();
        stage.next();
      },
      end: () => stage.close(),
    };
  },
};
