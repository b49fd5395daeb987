/** Flaw: its heartbeat hangs on the feed, so a quiet stream (QUIET=1) hears nothing. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/no-heartbeat';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ beat: ({ body }, feeding) => void (feeding && body.write(': beat\n\n')) });
