/** Tricky: a heartbeat in a message every 20 s, and a ping only every 40 s, for who has to be let go: after up to 80 s. */
import type { TrickyMeta } from '../../program';
import { beat, type Session, send } from '../../websocket-behaviour';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'a heartbeat that is a message, not a ping',
  fine: ['websocket/no-heartbeat', 'websocket/idle-cut', 'websocket/leaked-session', 'websocket/no-sequence-id'],
};

const beats = new WeakMap<Session, number>();

function say(session: Session): void {
  const count = beats.get(session) ?? 0;
  beats.set(session, count + 1);
  send(session.socket, '{"event":"heartbeat"}');
  if (count % 2 === 0) beat(session);
}

if (require.main === module) startServer({ beat: say });
