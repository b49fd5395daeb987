import { defineFault } from '../harness/define.js';
import type { Call } from '../harness/drivers/grpc-call.js';

/** RFC 9113, 7: CANCEL, "the stream is no longer needed"; the connection stays. */
export default defineFault<readonly Call[], Record<string, never>>({
  id: 'cancel',
  hop: 'driver',
  about: 'clients of ours cancel their calls by RST_STREAM and stay connected',
  evidence: 'the calls that were open when they were cancelled',
  momentary: true,
  params: {},
  async inject(calls, _, { bite }) {
    const open = calls.filter(({ end }) => end === undefined);
    for (const call of open) call.cancel();
    const cancelled = open.filter(({ stream }) => stream.closed).length;
    if (cancelled > 0) bite({ cancelled });
    return () => {};
  },
});
