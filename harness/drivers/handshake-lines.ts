import type { Slot, Target } from '../contract.js';
import { headersOf, slotsOf, subprotocols, urlFor, type Where } from './request.js';

/** Sixteen bytes in base64, as RFC 6455 1.2 has them. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** The lines of a good opening handshake as this target's clients send it, without the blank one that ends it. */
export function webSocketHandshake(target: Target, where: Where): readonly string[] {
  const slots = slotsOf({}, target);
  const offered = subprotocols(target, slots).join(', ');
  return [
    ...requestLines('GET', target, where, slots, [
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Key: ${KEY}`,
      'Sec-WebSocket-Version: 13',
    ]),
    ...(offered === '' ? [] : [`Sec-WebSocket-Protocol: ${offered}`]),
  ];
}

/** Likewise of a good request for a stream of events. */
export function eventStreamRequest(target: Target, where: Where): readonly string[] {
  const slots = slotsOf({}, target);
  const body = slots.find((slot) => slot.in === 'message');
  const lines = ['Accept: text/event-stream', 'Cache-Control: no-cache'];
  if (body?.in !== 'message') return requestLines('GET', target, where, slots, lines);
  const length = Buffer.byteLength(body.text);
  const sized = [...lines, 'Content-Type: application/json', `Content-Length: ${length}`];
  return requestLines('POST', target, where, slots, sized);
}

function requestLines(
  method: string,
  target: Target,
  where: Where,
  slots: readonly Slot[],
  lines: readonly string[],
): readonly string[] {
  const url = urlFor(target, where, slots);
  const own = Object.entries(headersOf(slots)).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`, ...lines, ...own];
}
