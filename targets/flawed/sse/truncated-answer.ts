/** Flaw: takes any end of the stream for the end of the answer. */
import { CHAT, type FlawMeta } from '../../program';
import { startClient } from '../../token-client';

export const trips = 'sse/truncated-answer';
export const meta: FlawMeta = { role: 'client', trips, words: CHAT };

if (require.main === module) startClient({ takesAnyEnd: true });
