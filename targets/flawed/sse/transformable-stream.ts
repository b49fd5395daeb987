/** Flaw: it forbids caches to keep its stream, and lets any proxy on the way compress it. */
import type { FlawMeta } from '../../program';
import { resilient } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const trips = 'sse/transformable-stream';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ headers: { ...resilient.headers, 'cache-control': 'no-cache' } });
