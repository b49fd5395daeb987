/** Tricky: stays away for good after 401 and 403 and after 429 and 503 too, as the standard orders for whatever is no stream; at 204 its process ends. */
import type { TrickyMeta } from '../../program';
import { startClient } from '../../sse-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'stays away for good after any answer that is no stream but 502, 504 and 524',
  fine: ['sse/retries-forbidden', 'sse/ignores-retry-hint', 'sse/ignores-204'],
};

function stops(status: number | undefined): boolean {
  if (status === 204) process.exit(0);
  return status === 401 || status === 403 || status === 429 || status === 503;
}

if (require.main === module) startClient({ stops });
