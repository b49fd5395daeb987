/** Flaw: waits for the head of the answer for as long as it takes, as fetch does. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/hung-handshake';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ answerMs: null });
