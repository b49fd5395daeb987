/** Flaw: it says nothing to proxies that buffer, so that nginx with its defaults collects 4 KiB of events before it passes any on. */
import type { FlawMeta } from '../../program';
import { resilient } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const trips = 'sse/held-by-proxy';
export const meta: FlawMeta = { role: 'server', trips };

const { 'x-accel-buffering': _, ...headers } = resilient.headers;

if (require.main === module) startServer({ headers });
