import { nowMs } from '../clock.js';
import { attribute, passThrough, type ToxicKind } from './toxic.js';

/** Data passes; the end of the stream is passed on `delay` milliseconds late. */
export const slowClose: ToxicKind = {
  type: 'slow_close',
  attributes: ['delay'],

  start(stage, attributes) {
    return {
      ...passThrough(stage),
      end() {
        stage.bite();
        stage.at(nowMs() + attribute(attributes, 'delay'), () => stage.close());
      },
    };
  },
};
