/** Flaw: on the stop signal it says goodbye to its streams, then takes new ones for 8 s, healthy by its /health, before it goes. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/accepts-while-draining';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ admitsMs: 8_000, failsHealthFirst: false });
