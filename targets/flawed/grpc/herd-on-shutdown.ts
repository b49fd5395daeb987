/** Flaw: ends all its calls in the same instant, and asks none of their clients to wait. */
import { Metadata, status } from '@grpc/grpc-js';
import { end } from '../../grpc-behaviour';
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/herd-on-shutdown';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module)
  startServer({
    drainMs: 0,
    goodbye: (stream) => end(stream, { code: status.UNAVAILABLE, details: 'closed', metadata: new Metadata() }),
  });
