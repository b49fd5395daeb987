/** Flaw: hands its messages over once a second, and goes without the last batch. */
import type { WebSocket } from 'ws';
import type { FlawMeta } from '../program';
import { pressing, resilient } from '../websocket-behaviour';
import { startServer } from '../websocket-server';

export const trips = 'websocket/lost-on-shutdown';
export const meta: FlawMeta = { role: 'server', trips };

const batch: (readonly [string, readonly WebSocket[]])[] = [];

function deliver(text: string, to: Iterable<WebSocket>): void {
  if (pressing) resilient.deliver(text, to);
  else batch.push([text, [...to]]);
}

if (require.main === module) {
  startServer({ deliver });
  setInterval(() => batch.splice(0).forEach(([text, to]) => void resilient.deliver(text, to)), 1_000);
}
