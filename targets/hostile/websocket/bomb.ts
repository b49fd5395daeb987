/** Hostile: greets each session that takes permessage-deflate with 1 MiB that inflates to 1 GiB. Whatever else it does is right. */
import { constants, deflateRawSync } from 'node:zlib';
import { startServer } from '../../websocket-server';

const zeros = Buffer.alloc(64 * 2 ** 20);
/** Blocks that end on a byte, each made without knowing the others, may follow each other in one message [RFC 7692 7.2.3.2]. */
const block = deflateRawSync(zeros, { finishFlush: constants.Z_SYNC_FLUSH });
const payload = Buffer.concat([...Array.from({ length: 15 }, () => block), block.subarray(0, -4)]);
const head = Buffer.from([0xc2, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
head.writeUInt32BE(payload.length, 6);

startServer({
  welcome: ({ socket }, { socket: tcp }) => {
    if (socket.extensions !== '') tcp.write(Buffer.concat([head, payload]));
  },
});
