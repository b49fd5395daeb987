import { defineFault } from '../harness/define.js';
import type { Refusal, Session } from '../harness/scenario.js';

const BATCH = 50;

/** Opens the session of this number. */
export type Opener = (index: number) => Promise<Session | Refusal>;

export default defineFault<Opener, { readonly connections: number; readonly atMost: number }>({
  id: 'connection-flood',
  hop: 'driver',
  about: 'so many clients connect and stay, and more until some are not served any more',
  evidence: 'connections that were not served',
  params: { connections: 'count', atMost: 'count' },
  async inject(open, { connections, atMost }, { bite }) {
    const served: Session[] = [];
    let asked = 0;
    let refused = 0;
    let unanswered = 0;
    while (asked < connections || (refused + unanswered === 0 && asked < atMost)) {
      const batch = await Promise.all(Array.from({ length: BATCH }, (_, i) => open(asked + i)));
      asked += BATCH;
      for (const session of batch) {
        if (!('refused' in session)) served.push(session);
        else if (session.status === undefined) unanswered += 1;
        else refused += 1;
      }
    }
    // Let in and thrown out again is not served either.
    const lost = served.filter(({ isOpen }) => !isOpen).length;
    if (refused + unanswered + lost > 0) bite({ asked, served: served.length - lost, refused, unanswered, lost });
    return () => {
      for (const session of served) session.terminate();
    };
  },
});
