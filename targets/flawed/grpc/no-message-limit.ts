/** Flaw: answers as many notes of one call as come. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/no-message-limit';
export const meta: FlawMeta = {
  role: 'server',
  trips,
  words: ['--method', 'holdfast.feed.v1.Feed/Talk', '--resume', 'none'],
};

if (require.main === module) startServer({ messageLimit: Number.POSITIVE_INFINITY });
