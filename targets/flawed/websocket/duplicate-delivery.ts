/** Flaw: asks for its last five messages again, to be safe, and takes what it has seen for new. */
import { Inbox } from '../../inbox';
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/duplicate-delivery';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ inbox: new Inbox({ overlap: 5, dropsRepeats: false }) });
