/**
 * Flaw: its heartbeat hangs on the feed, so a quiet connection (QUIET=1) is never pinged. It is not leaky for that: with a feed
 * it looks for pongs, and a quiet session that used to speak unasked and has been silent for 45 s is dropped.
 */
import type { FlawMeta } from '../../program';
import { scaledMs } from '../../program';
import { beat, type Session } from '../../websocket-behaviour';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/no-heartbeat';
export const meta: FlawMeta = { role: 'server', trips };

function beatWhileFeeding(session: Session, feeding: boolean): void {
  const silentMs = session.heardAtMs === null ? 0 : Date.now() - session.heardAtMs;
  if (feeding) beat(session);
  else if (silentMs > scaledMs(45_000)) session.socket.terminate();
}

if (require.main === module) startServer({ beat: beatWhileFeeding });
