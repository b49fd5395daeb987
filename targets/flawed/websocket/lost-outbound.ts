/** Flaw: forgets what it sent as soon as the connection is gone, answered or not. */
import { Outbox } from '../../outbox';
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/lost-outbound';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ outbox: new Outbox('forgotten') });
