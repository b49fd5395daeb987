/** Flaw: greets each client with its whole state in one event of 600 KiB. */
import type { FlawMeta } from '../../program';
import { send } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const trips = 'sse/giant-message';
export const meta: FlawMeta = { role: 'server', trips };

const rows = Array.from({ length: 6 * 1024 }, () => 'a row of the state'.padEnd(97, '.'));
const state = `event: state\ndata: ${JSON.stringify({ rows })}\n\n`;

if (require.main === module) startServer({ welcome: (stream) => send(stream, state) });
