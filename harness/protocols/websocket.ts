import { openWebSocket } from '../drivers/websocket.js';
import { startReferenceServer } from '../drivers/websocket-reference.js';
import { tapWebSocket } from '../path/websocket-tap.js';
import type { Protocol } from '../protocol.js';

const websocket: Protocol = {
  id: 'websocket',
  duplex: true,
  tap: tapWebSocket,
  open: openWebSocket,
  startReference: startReferenceServer,
};
export default websocket;
