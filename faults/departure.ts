import { waitFor } from '../harness/clock.js';
import { defineFault } from '../harness/define.js';
import type { Session } from '../harness/scenario.js';

const LEAVES_MS = 1000;

/** What the kernel of a client does that closes its connection, or of one that crashes. */
export default defineFault<readonly Session[], { readonly by: 'FIN' | 'RST' }>({
  id: 'departure',
  hop: 'driver',
  about: 'clients leave, by FIN or by RST, without a word before it',
  evidence: 'the sessions that were open when their client left',
  momentary: true,
  params: { by: 'FIN | RST' },
  async inject(sessions, { by }, { bite, signal }) {
    const open = sessions.filter(({ isOpen }) => isOpen);
    for (const session of open) {
      if (by === 'FIN') session.terminate();
      else session.abort();
    }
    const gone = () => open.filter(({ isOpen }) => !isOpen).length;
    await waitFor(() => gone() === open.length, LEAVES_MS, { signal });
    if (gone() > 0) bite({ left: gone(), by });
    return () => {};
  },
});
