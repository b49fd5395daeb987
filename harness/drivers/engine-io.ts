import type { Target } from '../contract.js';

// "At regular intervals … the server sends a ping packet and the client has a few seconds … to send a pong packet back."
// [Engine.IO protocol, revision 4, Heartbeat]. A packet's type is its first character: 2 ping, 3 pong.
const PING = '2';
const PONG = '3';

/**
 * The answer that a server's own heartbeat wants, where its protocol is known by the path: without it a healthy client
 * of Engine.IO is cut after 45 s, one of Primus after 60 s. Undefined for everything else.
 */
export function heartbeatAnswer(target: Target): ((payload: Buffer) => string | undefined) | undefined {
  if (/^\/primus(\/|\?|$)/.test(target.path)) return primusAnswer;
  if (!/[?&]EIO=4(&|$)/.test(target.path)) return undefined;
  return (payload) => (payload.length === 1 && payload.toString('latin1') === PING ? PONG : undefined);
}

/** "primus::ping::<time>" is answered by "primus::pong::<time>", both as JSON strings (its spark.js and primus.js). */
function primusAnswer(payload: Buffer): string | undefined {
  const text = payload.subarray(0, 64).toString('latin1');
  return /^"primus::ping::\d+"$/.test(text) ? text.replace('ping', 'pong') : undefined;
}
