/** Flaw: leaves the close frame of its server unanswered, and stays until it is cut off. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/slow-to-leave';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ answersClose: false });
