import { garbageForWebSocket } from '../drivers/garbage-websocket.js';
import { webSocketHandshake } from '../drivers/handshake-lines.js';
import { openWebSocket } from '../drivers/websocket.js';
import { openSilent, startReferenceServer } from '../drivers/websocket-reference.js';
import { tapWebSocket } from '../path/websocket-tap.js';
import type { Protocol } from '../protocol.js';

const websocket: Protocol = {
  id: 'websocket',
  schemes: ['ws', 'wss'],
  opening: 'a websocket handshake',
  serverKind: 'a WebSocket server',
  remedies: ', its subprotocol with --protocol websocket/NAME',
  duplex: () => true,
  openStatus: 101,
  tap: () => tapWebSocket,
  open: openWebSocket,
  handshakeLines: webSocketHandshake,
  garbage: garbageForWebSocket,
  startReference: startReferenceServer,
  openSilent,
};
export default websocket;
