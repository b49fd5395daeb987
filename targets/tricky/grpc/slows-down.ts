/** Tricky: takes 800 notes a second of a call, and ends one that sends more with UNAVAILABLE, which it says in words is its limit. */
import { status } from '@grpc/grpc-js';
import { startServer } from '../../grpc-server';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'ends a call that sends too much with UNAVAILABLE, and says in words that it is its limit',
  fine: ['grpc/no-message-limit'],
  words: ['--method', 'holdfast.feed.v1.Feed/Talk', '--resume', 'none'],
};

if (require.main === module)
  startServer({ messageLimit: 800, tooMany: { code: status.UNAVAILABLE, details: 'rate limit exceeded, slow down' } });
