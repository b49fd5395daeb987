/** Flaw: after a gap it draws what it knew before once more, over the value that has just come. */
import { startClient } from '../../grpc-client';
import { Inbox } from '../../inbox';
import { type FlawMeta, report, scaledMs } from '../../program';

export const trips = 'grpc/stale-after-reconnect';
export const meta: FlawMeta = { role: 'client', trips, words: ['--delivery', 'latest'] };

let shown: (number | string)[] = [];
let lastAtMs = Date.now();

function tell(id: number | string): void {
  const redraws = Date.now() - lastAtMs > Math.max(400, scaledMs(1_000)) ? shown : [];
  lastAtMs = Date.now();
  for (const each of [id, ...redraws]) report('message', { id: each });
  shown = [...shown.slice(-2), id];
}

// What it missed it does without.
if (require.main === module) startClient({ resumes: false, inbox: new Inbox({ tell }) });
