/** Hostile: beside its connection it asks what no client should ask, and sends frames over 16 MiB. Whatever else it does is right. */
import { startClient } from '../../websocket-client';
import { beside } from '../beside';
import { ABUSES } from '../http-abuse';

const UPGRADE =
  'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const FRAME_BYTES = 17 * 2 ** 20;
/** A binary frame, its mask of zeros. */
const giant = Buffer.alloc(14 + FRAME_BYTES, 'x');
Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).copy(giant);
giant.writeUInt32BE(FRAME_BYTES, 6);
const announced = Buffer.from([0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

startClient();
beside((socket, { pathname, search, port, hostname }, count) => {
  const abuse = ABUSES[count % (ABUSES.length + 2)];
  if (abuse) return abuse(socket, pathname + search);
  socket.write(`GET ${pathname + search} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n${UPGRADE}`);
  socket.once('data', () => socket.write(count % 2 === 0 ? giant : announced));
});
