/** Flaw: tells of its process what a client library tells by itself, and nothing of what it serves. */
import { startServer } from '../../grpc-server';
import { processMetrics } from '../../metrics';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/no-metrics';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ metrics: processMetrics });
