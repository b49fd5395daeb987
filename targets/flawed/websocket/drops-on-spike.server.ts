/** Flaw: gives a pong 3 s. */
import type { FlawMeta } from '../../program';
import { scaledMs } from '../../program';
import type { Session } from '../../websocket-behaviour';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/drops-on-spike';
export const meta: FlawMeta = { role: 'server', trips };

function beat(session: Session): void {
  session.awaitsPong = true;
  session.socket.ping();
  setTimeout(() => session.awaitsPong && session.socket.terminate(), scaledMs(3_000));
}

if (require.main === module) startServer({ beat });
