/** Tricky: gives a pong 8 s, less than a whole interval and more than a spike; and says goodbye to who gave none. */
import type { TrickyMeta } from '../../program';
import { scaledMs } from '../../program';
import type { Session } from '../../websocket-behaviour';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'gives a pong 8 s, and a close frame to who gave none',
  fine: ['websocket/drops-on-spike', 'websocket/leaked-session', 'websocket/no-heartbeat'],
};

function beat(session: Session): void {
  session.awaitsPong = true;
  session.socket.ping();
  setTimeout(() => session.awaitsPong && session.socket.close(4008, 'no pong'), scaledMs(8_000));
}

if (require.main === module) startServer({ beat });
