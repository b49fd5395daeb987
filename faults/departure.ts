import { defineFault } from '../harness/define.js';
import type { Session } from '../harness/scenario.js';

/** What the kernel of a client does that closes its connection, or of one that crashes. */
export default defineFault<readonly Session[], { readonly by: 'FIN' | 'RST' }>({
  id: 'departure',
  hop: 'driver',
  about: 'clients leave, by FIN or by RST, without a word before it',
  evidence: 'the sessions that were open when their client left',
  momentary: true,
  params: { by: 'FIN | RST' },
  async inject(sessions, { by }, { bite }) {
    const open = sessions.filter(({ isOpen }) => isOpen);
    for (const session of open) {
      if (by === 'FIN') session.terminate();
      else session.abort();
    }
    if (open.length > 0) bite({ left: open.length, by });
    return () => {};
  },
});
