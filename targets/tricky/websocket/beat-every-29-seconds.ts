/** Tricky: beats every 29 s, which is just often enough, and lets go of who did not answer by the next beat: after up to 58 s. */
import type { TrickyMeta } from '../../program';
import { scaledMs } from '../../program';
import { beat } from '../../websocket-behaviour';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'a heartbeat every 29 s',
  fine: ['websocket/no-heartbeat', 'websocket/idle-cut', 'websocket/leaked-session'],
};

if (require.main === module)
  startServer({
    beat: () => {},
    welcome: (session) => {
      const beating = setInterval(beat, scaledMs(29_000), session);
      session.socket.once('close', () => clearInterval(beating));
    },
  });
