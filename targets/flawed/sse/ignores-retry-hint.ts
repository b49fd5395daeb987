/** Flaw: comes back at its own pace, whatever `retry:` and Retry-After say; only a refused credential makes it wait. */
import { type FlawMeta, scaledMs } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/ignores-retry-hint';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module)
  startClient({
    heedsMs: () => 0,
    askedMs: (status) => (status === 401 || status === 403 ? scaledMs(15_000) : 0),
  });
