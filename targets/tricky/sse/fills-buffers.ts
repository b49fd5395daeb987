/** Tricky: it knows nothing of X-Accel-Buffering, and fills every proxy's buffer with a comment of 8 KiB behind each event. */
import type { TrickyMeta } from '../../program';
import { resilient } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'padding behind each event that fills the buffers of proxies',
  fine: ['sse/held-by-proxy'],
};

const { 'x-accel-buffering': _, ...headers } = resilient.headers;
const padding = `:${' '.repeat(8192)}\n\n`;

if (require.main === module) startServer({ headers, form: (message) => `${resilient.form(message)}${padding}` });
