/** Tricky: it ends each stream in good order after 64 to 70 s, while idle proxies still wait, and its heartbeat comes every 29 s. */
import type { TrickyMeta } from '../../program';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'streams that end in good order after 64 to 70 s, with a heartbeat every 29 s',
  fine: ['sse/idle-cut'],
};

if (require.main === module) startServer({ beatMs: 29_000, lifetimeMs: () => 64_000 + 6_000 * Math.random() });
