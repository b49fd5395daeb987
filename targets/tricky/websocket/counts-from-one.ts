/** Tricky: counts from 1 each time it starts; each message names its stream, which is another after a crash. */
import type { TrickyMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'counts from 1 again, under another stream id',
  fine: ['websocket/sequence-restart', 'websocket/no-sequence-id', 'websocket/no-replay', 'websocket/silent-gap'],
};

if (require.main === module) startServer({ first: 1 });
