import { every } from '../harness/clock.js';
import { defineFault } from '../harness/define.js';
import type { Call } from '../harness/drivers/grpc-call.js';

const LOOK_MS = 20;

/** RFC 9113, 5.2: the receiver of a stream opens its window; the connection's own is opened on, so that others are not held up. */
export default defineFault<Call, Record<string, never>>({
  id: 'unread-stream',
  hop: 'driver',
  about: 'an answer is read no further: no WINDOW_UPDATE for its stream, on a connection that is read',
  evidence: 'the window of the stream, whose last byte is used',
  params: {},
  async inject(call, _, { bite }) {
    const windowBytes = call.stream.state.localWindowSize ?? 0;
    call.pause();
    const looking = every(LOOK_MS, () => {
      if (call.stream.destroyed || call.stream.state.localWindowSize !== 0) return;
      looking[Symbol.dispose]();
      bite({ windowBytes });
    });
    return () => {
      looking[Symbol.dispose]();
      call.resume();
    };
  },
});
