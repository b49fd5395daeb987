/** Flaw: its TLS offers HTTP/1.1 alone. */
import type { FlawMeta } from '../../program';
import { startServer } from '../../sse-server';

export const trips = 'sse/six-connections';
export const meta: FlawMeta = { role: 'server', trips, at: 'https', words: ['--i-own-this-target', '--insecure'] };

if (require.main === module) startServer({ http2: false });
