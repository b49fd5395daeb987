/** Flaw: beats only for a minute after a session has joined, to save the batteries of phones. */
import type { FlawMeta } from '../../program';
import { scaledMs } from '../../program';
import { beat, type Session } from '../../websocket-behaviour';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/idle-cut';
export const meta: FlawMeta = { role: 'server', trips };

const joinedAtMs = new WeakMap<Session, number>();

function beatAtFirst(session: Session): void {
  const joined = joinedAtMs.get(session) ?? Date.now();
  joinedAtMs.set(session, joined);
  // The first beat is up to 20 s after the join; who owes an answer is looked at all the same.
  if (session.awaitsPong || Date.now() - joined < scaledMs(45_000)) beat(session);
}

if (require.main === module) startServer({ beat: beatAtFirst });
