/** Flaw: tells of its process what a client library tells by itself, and nothing of what it serves. */
import { processMetrics } from '../../metrics';
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/no-metrics';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ metrics: processMetrics });
