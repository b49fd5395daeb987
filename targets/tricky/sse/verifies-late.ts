/** Tricky: lets TLS itself take any certificate, and looks at it once the handshake is finished, before it says a word. */
import type { RequestOptions } from 'node:https';
import { type ConnectionOptions, connect } from 'node:tls';
import type { TrickyMeta } from '../../program';
import { startClient } from '../../sse-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'finishes the TLS handshake with a bad certificate, and then refuses it',
  fine: ['sse/accepts-bad-certificate'],
};

/** Node's http takes a socket that comes later through the callback, and asks for one so where there is no agent. */
const createConnection = ((options: ConnectionOptions, done: (error: Error | null, socket?: unknown) => void) => {
  const { host, port } = options;
  const socket = connect({ host, port, rejectUnauthorized: false } as ConnectionOptions, () => {
    if (socket.authorized) return done(null, socket);
    socket.destroy();
    done(new Error(String(socket.authorizationError)));
  });
  socket.on('error', done);
}) as unknown as NonNullable<RequestOptions['createConnection']>;

if (require.main === module)
  startClient({ connection: ({ protocol }) => (protocol === 'https:' ? { agent: undefined, createConnection } : {}) });
