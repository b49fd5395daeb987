/** Hostile: greets each session with a frame of 1 MiB of which it sends a byte every 20 ms, and nothing else. */
import { startServer } from '../../websocket-server';

const EVERY_MS = 20;
const head = Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 16, 0, 0]);

startServer({
  welcome: (_, { socket }) => {
    const write = socket.write.bind(socket);
    // Of what ws answers nothing may come in between.
    socket.write = () => true;
    write(head);
    const dripping = setInterval(() => socket.destroyed || write('x'), EVERY_MS);
    socket.on('close', () => clearInterval(dripping));
  },
});
