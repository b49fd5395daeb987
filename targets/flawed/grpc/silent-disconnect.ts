/** Flaw: has no keepalive, as by the library's default, so that a dead link looks like a quiet one. */

import { startClient } from '../../grpc-client';
import { resilient } from '../../grpc-client-behaviour';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/silent-disconnect';
export const meta: FlawMeta = { role: 'client', trips, implies: ['grpc/no-keepalive'] };

const { 'grpc.keepalive_time_ms': _, ...options } = resilient.options;

if (require.main === module) startClient({ options });
