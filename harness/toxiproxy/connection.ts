import type { Socket } from 'node:net';
import { nowMs } from '../clock.js';
import type { Random } from '../random.js';
import { Link, type LinkOptions } from './link.js';
import type { Toxic } from './toxic.js';

const NOTHING = Buffer.alloc(0);

export interface ConnectionFacts {
  readonly id: number;
  readonly ageMs: number;
  readonly upBytes: number;
  readonly downBytes: number;
}

/**
 * A client's socket, the server's, and the two links between. No half-close: the end of one side, delivered, closes the other
 * side fully; that in turn ends the opposite link, which delivers what its toxics still hold.
 */
export class Connection {
  readonly up: Link;
  readonly down: Link;
  private readonly bornMs = nowMs();
  /** Closes by RST, whatever closes it: it began while a reset_peer toxic was there. */
  private lingersZero = false;
  private goneSides = 0;

  constructor(
    readonly id: number,
    private readonly client: Socket,
    private readonly server: Socket,
    random: Random,
    options: LinkOptions,
    private readonly over: (connection: Connection) => void,
  ) {
    this.up = new Link(client, server, random.fork('upstream'), options, () => this.finish(server));
    this.down = new Link(server, client, random.fork('downstream'), options, () => this.finish(client));
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      // The close event follows each error and says all that matters here.
      socket.on('error', () => undefined);
    }
    client.on('close', () => this.gone(this.up, this.down));
    server.on('close', () => this.gone(this.down, this.up));
  }

  start(up: readonly Toxic[], down: readonly Toxic[]): void {
    this.lingersZero = [...up, ...down].some((toxic) => toxic.kind.lingersZero);
    // A side can be gone before its close event could be seen.
    if (this.client.destroyed || this.server.destroyed) {
      this.destroy();
    } else {
      this.up.start(up);
      this.down.start(down);
    }
  }

  link(direction: 'upstream' | 'downstream'): Link {
    return direction === 'upstream' ? this.up : this.down;
  }

  /** Closes both sides now; what the toxics hold is lost. */
  destroy(): void {
    this.up.abandon();
    this.down.abandon();
    this.close(this.client);
    this.close(this.server);
  }

  facts(): ConnectionFacts {
    const { id, up, down } = this;
    return { id, ageMs: nowMs() - this.bornMs, upBytes: up.readBytes, downBytes: down.readBytes };
  }

  /** `from`: the link that it was the source of; `to`: the link that it was the destination of. */
  private gone(from: Link, to: Link): void {
    to.abandon();
    from.endSource();
    if (++this.goneSides === 2) this.over(this);
  }

  /** Closes a destination behind the last byte written to it. Never by `end()`: a socket that was shut down cannot reset. */
  private finish(socket: Socket): void {
    if (socket.writableLength === 0) this.close(socket);
    else socket.write(NOTHING, () => this.close(socket));
  }

  private close(socket: Socket): void {
    if (socket.destroyed) return;
    if (this.lingersZero) socket.resetAndDestroy();
    else socket.destroy();
  }
}
