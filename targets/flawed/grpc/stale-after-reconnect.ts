/** Flaw: after a gap it draws what it knew before once more, over the value that has just come. */
import { startClient } from '../../grpc-client';
import { Inbox } from '../../inbox';
import { type FlawMeta, report } from '../../program';

export const trips = 'grpc/stale-after-reconnect';
export const meta: FlawMeta = { role: 'client', trips, words: ['--delivery', 'latest'] };

/** Five come a second: one of them was missed. */
const GAP_MS = 300;
let shown: (number | string)[] = [];
let lastAtMs = Date.now();

function tell(id: number | string): void {
  const redraws = Date.now() - lastAtMs > GAP_MS ? shown : [];
  lastAtMs = Date.now();
  for (const each of [id, ...redraws]) report('message', { id: each });
  shown = [...shown.slice(-2), id];
}

// What it missed it does without.
if (require.main === module) startClient({ resumes: false, inbox: new Inbox({ tell }) });
