import type { Target } from '../contract.js';

// "At regular intervals … the server sends a ping packet and the client has a few seconds … to send a pong packet back."
// [Engine.IO protocol, revision 4, Heartbeat]. A packet's type is its first character: 2 ping, 3 pong.
const PING = '2';
const PONG = '3';

/**
 * The answer that a server's own heartbeat wants, where its protocol is known by the path: without it a healthy client
 * of Engine.IO is cut after 45 s. Undefined for everything else.
 */
export function heartbeatAnswer(target: Target): ((payload: Buffer) => string | undefined) | undefined {
  if (!/[?&]EIO=4(&|$)/.test(target.path)) return undefined;
  return (payload) => (payload.length === 1 && payload.toString('latin1') === PING ? PONG : undefined);
}
