/** Hostile: sends each client an event of which a byte comes every 20 ms, for ever. */
import { startServer } from '../../sse-server';

const EVERY_MS = 20;

startServer({
  welcome: ({ body }) => {
    body.write('data: first\n\ndata: ');
    const dripping = setInterval(() => body.destroyed || body.write('x'), EVERY_MS);
    body.on('close', () => clearInterval(dripping));
  },
  retryMs: () => null,
  beat: () => {},
  deliver: () => {},
});
