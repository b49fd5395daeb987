import { defineFault } from '../harness/define.js';
import type { ReferenceServer } from '../harness/protocol.js';

/** What a server says before a deploy (1001, 1012) or when it has too much to do (1013), to everybody in one instant. */
export default defineFault<ReferenceServer, { readonly code: number }>({
  id: 'goodbye',
  hop: 'driver',
  about: 'our reference server sends everybody a close frame with this code, or ends their streams, at once',
  evidence: 'the sessions told; the frames and ends stand in the history',
  momentary: true,
  params: { code: 'close code' },
  async inject(reference, { code }, { bite }) {
    const told = reference.goAway(code);
    if (told > 0) bite({ code, told });
    return () => {};
  },
});
