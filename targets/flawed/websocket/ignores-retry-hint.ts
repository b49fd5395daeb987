/** Flaw: comes back at its own pace, whatever the server asks for; only a refused credential makes it wait. */
import type { FlawMeta } from '../../program';
import { scaledMs } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/ignores-retry-hint';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module)
  startClient({
    askedMs: (status) => (status === 401 || status === 403 ? scaledMs(15_000) : 0),
    overloadMs: 0,
  });
