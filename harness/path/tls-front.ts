import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Certificate } from './certificates.js';
import { rst } from './rst.js';

/** Ends TLS in front of a server that speaks plainly, FIN as FIN and RST as RST, and counts what came of the certificate it presents. */
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
  /** What it takes of the protocols that clients offer [RFC 7301]. */
  readonly alpn?: readonly string[] | undefined;
}): Promise<TlsFront> {
  const { certificate, upstream, alpn } = options;
  const offers = alpn ? { ALPNProtocols: [...alpn] } : {};
  const sockets = new Set<Socket>();
  const shownTo = new WeakSet<TLSSocket>();
  let [shown, trustedBytes, plain] = [0, 0, 0];
  let refusal: string | undefined;
  /** By the client's port: an attempt is passed on when it is made, and not when its handshake is finished. */
  const onwards = new Map<number, Socket>();
  const meet = (raw: Socket) => {
    const onward = connect(upstream);
    const port = raw.remotePort ?? 0;
    onwards.set(port, onward);
    for (const socket of [raw, onward]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    onward.on('error', () => rst(raw));
    raw.on('error', () => rst(onward));
    raw.on('close', () => {
      onward.destroy();
      onwards.delete(port);
    });
  };
  const show = (socket: TLSSocket) => {
    if (!shownTo.has(socket)) shown += 1;
    shownTo.add(socket);
  };
  const server = createServer({ cert: certificate.certPem, key: certificate.keyPem, ...offers }, (socket) => {
    show(socket);
    const onward = onwards.get(socket.remotePort ?? 0);
    if (!onward) return socket.destroy();
    socket.on('data', (chunk: Buffer) => {
      trustedBytes += chunk.length;
    });
    socket.pipe(onward).pipe(socket);
    socket.on('error', () => rst(onward));
  });
  server.on('connection', meet);
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
