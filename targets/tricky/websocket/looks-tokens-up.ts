/** Tricky: asks another service about each token, which takes 2 s: TCP stays open for as long, and the handshake is answered then. */
import type { TrickyMeta } from '../../program';
import { LOGIN, scaledMs } from '../../program';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'takes 2 s to look a token up before it answers the handshake',
  fine: ['websocket/late-auth', 'websocket/auth-window'],
  words: LOGIN,
};

const LOOKUP_MS = 2_000;

if (require.main === module) startServer({ queues: (_, next) => setTimeout(next, scaledMs(LOOKUP_MS)) });
