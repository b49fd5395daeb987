/** Tricky: streams that live for ever, but for those whose client has acknowledged nothing for 60 s. */
import type { TrickyMeta } from '../../program';
import { scaledMs } from '../../program';
import { startServer } from '../../sse-server';
import { cutAfter } from '../../unacknowledged';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'lets go of who acknowledges nothing for 60 s',
  fine: ['sse/leaked-session', 'sse/drops-on-spike'],
};

if (require.main === module) startServer({ lifetimeMs: () => null, welcome: cutAfter(scaledMs(60_000)) });
