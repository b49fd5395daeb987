/** Flaw: keeps the last id that was not empty, and presents it after the server has taken it back. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/stale-last-event-id';
export const meta: FlawMeta = { role: 'client', trips };

let kept = '';

function presents(lastEventId: string): string {
  kept = lastEventId || kept;
  return kept;
}

if (require.main === module) startClient({ presents });
