/** Flaw: unescapes the token that a caller presents without expecting that it may be no good, and dies of the exception. */
import { resilient } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/crash-on-garbage';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module)
  startServer({
    refusal: (path, metadata) => {
      decodeURIComponent(String(metadata.get('authorization')[0] ?? ''));
      return resilient.refusal(path, metadata);
    },
  });
