/** Flaw: greets each session with its whole state in one message of 600 KiB. */
import type { FlawMeta } from '../../program';
import { send } from '../../websocket-behaviour';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/giant-message';
export const meta: FlawMeta = { role: 'server', trips };

const state = JSON.stringify({
  event: 'state',
  rows: Array.from({ length: 6 * 1024 }, () => 'a row of the state'.padEnd(97, '.')),
});

if (require.main === module) startServer({ welcome: ({ socket }) => send(socket, state) });
