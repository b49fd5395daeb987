import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Random } from '../random.js';
import { type Address, formatAddress, listenError, NetworkError, parseAddress, resolveAddress } from './address.js';
import { Connection, type ConnectionFacts } from './connection.js';
import type { LinkOptions } from './link.js';
import { ToxicSet } from './toxic-set.js';

/** As many connects may wait to be accepted as the original's kernel queue holds. */
const BACKLOG = 4096;
const KEEP_ALIVE_MS = 15_000;

export interface ProxyFields {
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
}

/** Told of each direction of each connection when it has ended. */
export type Tally = (
  direction: 'upstream' | 'downstream',
  proxy: StreamProxy,
  readBytes: number,
  writtenBytes: number,
) => void;

/** One listening address in front of one upstream. Calls that change it must not overlap: the registry sees to that. */
export class StreamProxy {
  readonly toxics: ToxicSet;
  /** As asked for until it first listens, then the resolved address. */
  listen: string;
  upstream: string;
  enabled = false;

  private server: Server | undefined;
  private readonly connections = new Set<Connection>();
  private readonly dialling = new Set<Socket>();
  private accepted = 0;

  constructor(
    readonly name: string,
    fields: { readonly listen: string; readonly upstream: string },
    private readonly random: Random,
    private readonly options: LinkOptions,
    private readonly tally: Tally,
  ) {
    this.listen = fields.listen;
    this.upstream = fields.upstream;
    this.toxics = new ToxicSet(this.connections);
  }

  /** Whether an update to these fields restarts the proxy. The *resolved* new address counts, which `0.0.0.0` never equals. */
  async differs(fields: { readonly listen: string; readonly upstream: string }): Promise<boolean> {
    const resolved = formatAddress(await resolveAddress(fields.listen));
    return this.listen !== resolved || this.upstream !== fields.upstream;
  }

  async update(fields: Omit<ProxyFields, 'name'>): Promise<void> {
    if (await this.differs(fields)) {
      this.stop();
      this.listen = fields.listen;
      this.upstream = fields.upstream;
    }
    if (fields.enabled && !this.enabled) await this.start();
    else if (!fields.enabled) this.stop();
  }

  async start(): Promise<void> {
    if (this.enabled) return;
    const address = await resolveAddress(this.listen).catch((error) => {
      throw new NetworkError(`listen tcp: ${error.message}`);
    });
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) =>
      this.accept(client),
    );
    this.server = server;
    this.listen = formatAddress(await listen(server, address));
    this.enabled = true;
  }

  /** Closes the listener and every connection at once. */
  stop(): void {
    this.enabled = false;
    this.server?.close();
    this.server = undefined;
    for (const socket of this.dialling) socket.destroy();
    for (const connection of this.connections) connection.destroy();
  }

  stats(): { readonly accepted: number; readonly dialling: number; readonly connections: readonly ConnectionFacts[] } {
    const connections = [...this.connections].map((one) => one.facts());
    return { accepted: this.accepted, dialling: this.dialling.size, connections };
  }

  /** Each client is dialled for on its own: an upstream that hangs holds up nobody else. */
  private accept(client: Socket): void {
    const id = this.accepted++;
    client.on('error', () => undefined);
    const server = this.dial();
    if (!server) {
      client.destroy();
      return;
    }
    this.dialling.add(server);
    const settled = () => {
      this.dialling.delete(server);
      server.removeListener('close', over);
      client.removeListener('close', over);
    };
    /** Refused, stopped, or reset by the client: whichever side goes takes the other with it. */
    const over = () => {
      settled();
      client.destroy();
      server.destroy();
    };
    server.once('close', over);
    client.once('close', over);
    server.once('connect', () => {
      settled();
      this.join(id, client, server);
    });
    // Reads a little ahead: a client that resets while its upstream hangs is noticed, and its dial given up.
    client.read(0);
  }

  private join(id: number, client: Socket, server: Socket): void {
    for (const socket of [client, server]) socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const connection = new Connection(id, client, server, this.random.fork(`connection-${id}`), this.options, (one) => {
      this.connections.delete(one);
      this.toxics.remember(one);
      this.tally('upstream', this, one.up.readBytes, one.up.writtenBytes);
      this.tally('downstream', this, one.down.readBytes, one.down.writtenBytes);
    });
    this.connections.add(connection);
    connection.start(this.toxics.of('upstream'), this.toxics.of('downstream'));
  }

  private dial(): Socket | undefined {
    let address: Address;
    try {
      address = parseAddress(this.upstream);
    } catch {
      return undefined;
    }
    const host = address.host === '' ? 'localhost' : address.host;
    const server = connect({ host, port: address.port, allowHalfOpen: true, noDelay: true });
    server.on('error', () => undefined);
    return server;
  }
}

async function listen(server: Server, address: Address): Promise<Address> {
  // Go listens on both families for every way of saying "any".
  const any = address.host === '' || address.host === '0.0.0.0' || address.host === '::';
  const bound = await listenOn(server, any ? '::' : address.host, address.port)
    .catch((error) => {
      const noIpv6 = any && (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL');
      if (noIpv6) return listenOn(server, '0.0.0.0', address.port);
      throw error;
    })
    .catch((error) => {
      throw listenError(address, error);
    });
  server.on('error', () => undefined);
  return bound;
}

function listenOn(server: Server, host: string, port: number): Promise<Address> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.removeListener('error', reject);
      const address = server.address();
      const bound = typeof address === 'object' && address ? address : { address: host, port };
      resolve({ host: bound.address, port: bound.port });
    });
  });
}
