/** Flaw: parses what comes without a thought, and dies of what it cannot parse. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/bad-message-kills-client';
export const meta: FlawMeta = { role: 'client', trips };

function die(): never {
  throw new SyntaxError('Unexpected token in JSON');
}

if (require.main === module) startClient({ misunderstood: die });
