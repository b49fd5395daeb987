/**
 * Tricky: takes pages of one listed host and no other, not even its own; answers a ping after 2 s, with pongs that nobody asked for
 * before it; and has something more to say before it answers a close frame: "an endpoint MAY delay sending a Close frame until its
 * current message is sent" [RFC 6455 5.5.1].
 */
import { WebSocket } from 'ws';
import { isMember } from '../../admission';
import type { TrickyMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'an allowlist of pages, a pong after 2 s, last words before a close frame',
  fine: [
    'websocket/cross-origin',
    'websocket/unanswered-ping',
    'websocket/no-close-handshake',
    'websocket/wrong-close-code',
  ],
};

const PAGES = [undefined, 'https://app.example'];

if (require.main === module)
  startServer({
    autoPong: false,
    checksOrigin: false,
    admits: (request) => PAGES.includes(request.headers.origin) && isMember(request),
    welcome: ({ socket }) => {
      socket.on('ping', (payload) => {
        socket.pong('unasked');
        setTimeout(() => socket.readyState === WebSocket.OPEN && socket.pong(payload), 2_000);
      });
      // ws calls this to answer a close frame.
      const close = socket.close.bind(socket);
      socket.close = (code, reason) => {
        socket.send('{"event":"last words"}');
        setTimeout(close, 1_000, code, reason);
      };
    },
  });
