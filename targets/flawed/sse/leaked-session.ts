/** Flaw: keeps each stream for ever, so that a client whose link is dead goes only when TCP gives up: after 15 minutes. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/leaked-session';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ lifetimeMs: () => null });
