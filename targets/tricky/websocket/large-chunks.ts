/** Tricky: sends its state of 800 KiB in pieces of 200 KiB, a second apart: large, often, and never in anybody's way. */
import type { TrickyMeta } from '../../program';
import { type Session, send } from '../../websocket-behaviour';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'a state of 800 KiB in pieces of 200 KiB',
  fine: ['websocket/giant-message'],
};

const KIB = 1024;
const PIECES = 4;

function welcome({ socket }: Session): void {
  for (let piece = 0; piece < PIECES; piece++) {
    const text = JSON.stringify({ event: 'state', piece, of: PIECES, rows: 'x'.repeat(200 * KIB) });
    // Half a second on a link of 4 Mbit/s: not hurried by a scale.
    setTimeout(() => send(socket, text), 1000 * piece);
  }
}

if (require.main === module) startServer({ welcome });
