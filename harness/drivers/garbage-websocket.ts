import type { Random } from '../random.js';
import type { Garbage, GarbageStage } from './garbage-bytes.js';
import { garbageDeflated, garbageFrames } from './garbage-frames.js';
import { garbageHandshakes, type HandshakeWords } from './garbage-handshakes.js';

const WORDS: HandshakeWords = {
  missing: ['Host', 'Upgrade', 'Connection', 'Sec-WebSocket-Key', 'Sec-WebSocket-Version'],
  lines: [
    'Sec-WebSocket-Key: ',
    'Sec-WebSocket-Key: short',
    `Sec-WebSocket-Key: ${'A'.repeat(5000)}`,
    'Sec-WebSocket-Key: \xff\xff\xff',
    'Sec-WebSocket-Version: ',
    'Sec-WebSocket-Version: 99999999999999999999',
    'Sec-WebSocket-Version: thirteen',
    'Sec-WebSocket-Version: -1',
    'Upgrade: ',
    'Upgrade: h2c',
    `Upgrade: ${'websocket, '.repeat(500)}`,
    'Sec-WebSocket-Extensions: constructor',
    'Sec-WebSocket-Extensions: __proto__; a=b',
    'Sec-WebSocket-Extensions: ;;;===,,,',
    'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99',
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits="',
    `Sec-WebSocket-Extensions: ${'permessage-deflate, '.repeat(300)}x`,
    'Sec-WebSocket-Protocol: ,,,',
    'Sec-WebSocket-Protocol: constructor',
    `Sec-WebSocket-Protocol: ${'a,'.repeat(2000)}b`,
  ],
  twice: ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', 'Upgrade: websocket'],
};

export function garbageForWebSocket(
  random: Random,
  good: readonly string[],
): readonly (readonly [GarbageStage, readonly Garbage[]])[] {
  return [
    ['handshake', garbageHandshakes(random, good, WORDS)],
    ['session', garbageFrames(random)],
    ['deflate', garbageDeflated(random)],
  ];
}
