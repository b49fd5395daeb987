/**
 * Tricky: stays away for good after 401 and 403, and after 1013 too, of which the IANA registration says that a client should
 * reconnect "upon user action".
 */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../websocket-client';
import { resilient } from '../../websocket-client-behaviour';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'stays away for good after 401, 403 and 1013',
  fine: ['websocket/retries-forbidden', 'websocket/ignores-retry-hint'],
};

if (require.main === module) {
  startClient({
    delayMs: (failures, why) =>
      why.status === 401 || why.status === 403 || why.code === 1013 ? null : resilient.delayMs(failures, why),
  });
}
