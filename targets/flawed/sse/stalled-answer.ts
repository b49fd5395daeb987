/** Flaw: waits for the next token for as long as it takes. */
import { CHAT, type FlawMeta } from '../../program';
import { startClient } from '../../token-client';

export const trips = 'sse/stalled-answer';
export const meta: FlawMeta = { role: 'client', trips, words: CHAT };

if (require.main === module) startClient({ silenceMs: null });
