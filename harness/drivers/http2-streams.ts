import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { waitFor } from '../clock.js';
import type { Target } from '../contract.js';
import { messageOf } from '../errors.js';
import { isEventStream } from '../path/sse-tap.js';
import type { Address } from '../scenario.js';
import { dial, headersOf, slotsOf, urlFor } from './request.js';

const CONNECT_MS = 5000;
const ANSWER_MS = 5000;

export interface Multiplexed {
  /** What the server took of the two that were offered to it by ALPN [RFC 7301]; empty where it took none. */
  readonly offered: string;
  /** Streams of events that were open on one connection at the same time. */
  readonly opened: number;
  readonly reason: string | null;
}

/** Offers HTTP/2 and HTTP/1.1 as a browser does and, where HTTP/2 is taken, opens so many streams of events on one connection. */
export async function countStreams(options: {
  readonly to: Address;
  readonly target: Target;
  readonly streams: number;
}): Promise<Multiplexed> {
  const { target, streams } = options;
  const slots = slotsOf({}, target);
  const url = urlFor(target, options, slots);
  const socket = dial({ to: options.to, alpn: ['h2', 'http/1.1'] }, target, url, true) as TLSSocket;
  let reason: string | null = null;
  const failed = (error: unknown) => {
    reason ??= messageOf(error);
  };
  socket.on('error', failed);
  let session: ClientHttp2Session | undefined;
  try {
    await waitFor(() => socket.alpnProtocol !== null || reason !== null, CONNECT_MS);
    const offered = socket.alpnProtocol || '';
    if (offered !== 'h2') return { offered, opened: 0, reason };
    session = connect(url.origin, { createConnection: () => socket });
    session.on('error', failed);
    const open = new Set<ClientHttp2Stream>();
    for (let n = 0; n < streams; n++) {
      const stream = session.request({
        ':path': `${url.pathname}${url.search}`,
        ':authority': url.host,
        accept: 'text/event-stream',
        ...lowerCased(headersOf(slots)),
      });
      stream
        .on('error', failed)
        .on('close', () => open.delete(stream))
        .resume();
      stream.on('response', (headers) => {
        if (isEventStream(headers[':status'], headers['content-type'])) open.add(stream);
        else failed(new Error(`HTTP ${headers[':status']} with ${headers['content-type'] ?? 'no content type'}`));
      });
    }
    await waitFor(() => open.size === streams || reason !== null, ANSWER_MS);
    return { offered, opened: open.size, reason };
  } finally {
    session?.destroy();
    socket.destroy();
  }
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
