/** Flaw: it forbids proxies to transform its stream, and forgets to forbid caches to keep it. */
import type { FlawMeta } from '../../program';
import { resilient } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const trips = 'sse/cacheable-stream';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ headers: { ...resilient.headers, 'cache-control': 'no-transform' } });
