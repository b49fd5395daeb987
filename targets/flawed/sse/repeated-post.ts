/** Flaw: asks the same question again when its answer is cut, and tells nobody. */
import { CHAT, type FlawMeta } from '../../program';
import { startClient } from '../../token-client';

export const trips = 'sse/repeated-post';
export const meta: FlawMeta = { role: 'client', trips, words: CHAT };

if (require.main === module) startClient({ onCut: (_why, again) => again() });
