/** Flaw: dies of what it cannot parse, as of each error that nobody thought of. */
import { startClient } from '../../grpc-client';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/bad-message-kills-client';
export const meta: FlawMeta = { role: 'client', trips };

function die(): never {
  throw new SyntaxError('Response message parsing error');
}

if (require.main === module) startClient({ misunderstood: die });
