/** Flaw: never looks whether anything comes, so a frozen link looks alive for ever, as it does to an EventSource. */
import type { FlawMeta } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/silent-disconnect';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ silenceMs: null });
