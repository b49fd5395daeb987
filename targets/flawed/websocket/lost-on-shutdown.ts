/** Flaw: hands its messages over 600 ms after it got them, and goes without those that are under way. */
import type { WebSocket } from 'ws';
import { pressing } from '../../feed';
import type { FlawMeta } from '../../program';
import { resilient } from '../../websocket-behaviour';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/lost-on-shutdown';
export const meta: FlawMeta = { role: 'server', trips };

/** What has been accepted, and takes its time. */
function deliver(text: string, to: Iterable<WebSocket>): void {
  if (pressing) resilient.deliver(text, to);
  else setTimeout(resilient.deliver, 600, text, [...to]);
}

if (require.main === module) startServer({ deliver });
