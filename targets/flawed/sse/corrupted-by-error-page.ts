/** Flaw: what is no field of an event it takes for a message, as it stands: also the lines of a page in mid-stream. */
import type { FlawMeta } from '../../program';
import { report } from '../../program';
import { startClient } from '../../sse-client';

export const trips = 'sse/corrupted-by-error-page';
export const meta: FlawMeta = { role: 'client', trips };

if (require.main === module) startClient({ stray: (line) => report('message', { data: line }) });
