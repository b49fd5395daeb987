import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Certificate } from './certificates.js';

/** Ends TLS in front of a server that speaks plainly, and counts what came of the certificate it presents. */
export interface TlsFront extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Handshakes that came so far that the client had the certificate before it. */
  readonly shown: number;
  /** Bytes that clients sent through TLS: whatever they have to say, they say it to whom they trust. */
  readonly trustedBytes: number;
  /** Connections that began with something other than TLS. */
  readonly plain: number;
  /** What the last client that refused the certificate said: a TLS alert, or nothing. */
  readonly refusal: string | undefined;
}

const PLAIN = new Set(['ERR_SSL_HTTP_REQUEST', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);

export async function openTlsFront(options: {
  readonly certificate: Certificate;
  readonly upstream: { readonly host: string; readonly port: number };
}): Promise<TlsFront> {
  const { certificate, upstream } = options;
  const sockets = new Set<Socket>();
  const shownTo = new WeakSet<TLSSocket>();
  let [shown, trustedBytes, plain] = [0, 0, 0];
  let refusal: string | undefined;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  const show = (socket: TLSSocket) => {
    if (!shownTo.has(socket)) shown += 1;
    shownTo.add(socket);
  };
  const server = createServer({ cert: certificate.certPem, key: certificate.keyPem }, (socket) => {
    show(socket);
    const onward = connect(upstream);
    keep(onward);
    socket.on('data', (chunk: Buffer) => {
      trustedBytes += chunk.length;
    });
    socket.pipe(onward).pipe(socket);
    socket.on('error', () => onward.destroy()).on('close', () => onward.destroy());
    onward.on('close', () => socket.destroy());
  });
  server.on('connection', keep);
  // Keys are derived from the client's hello; the certificate goes out in the same flight (TLS 1.3).
  server.on('keylog', (_, socket) => show(socket));
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    if (PLAIN.has(error.code ?? '')) plain += 1;
    else if (error.code?.includes('_ALERT_')) {
      show(socket);
      refusal = error.code.replace(/^ERR_SSL_(TLSV1_|SSLV3_)?(ALERT_)?/, '').toLowerCase();
    }
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    get shown() {
      return shown;
    },
    get trustedBytes() {
      return trustedBytes;
    },
    get plain() {
      return plain;
    },
    get refusal() {
      return refusal;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
