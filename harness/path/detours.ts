import type { Socket } from 'node:net';
import { ClientSource } from './client-source.js';
import { Flow, type Source } from './flow.js';

interface Detour {
  /** Toward the client, and toward the server. */
  readonly near: Socket;
  readonly far: Socket;
  readonly nearSource: Source;
  readonly up: Flow;
  readonly down: Flow;
}

export interface Way {
  readonly near: Socket;
  readonly far: Socket;
  /** The flow from the client, and the one that ends at the client. */
  readonly up: Flow;
  readonly down: Flow;
  readonly server: Source;
}

/**
 * Hops that a live connection is led through and back again: two sockets of ours each, with somebody else's proxy between
 * them. The two sockets of the connection itself stay as they are, so that resets and ends stay true.
 *
 *   client --> up flow --> near ==> proxy ==> far --> flow --> server
 *   client <-- down flow <-- near <== proxy <== far <-- flow <-- server
 *
 * A further one goes before the others, beside the client.
 */
export class Detours {
  private readonly list: Detour[] = [];
  private closed = false;

  constructor(
    private readonly onArrival: (chunk: Buffer) => void,
    /** An end that went through the last detour of its direction. */
    private readonly onEnd: (toward: 'client' | 'server') => void,
  ) {}

  /** What takes the server's bytes, and what gives the client's to the server; undefined where there is no detour. */
  get fromServer(): Flow | undefined {
    return this.list[0]?.down;
  }

  get toServer(): Flow | undefined {
    return this.list[0]?.up;
  }

  add({ near, far, up, down, server }: Way, frozen: boolean): void {
    const at = this.list.length;
    const detour: Detour = {
      near,
      far,
      nearSource: new ClientSource(near),
      up: new Flow(new ClientSource(far), up.turnTo(near)),
      down: new Flow(this.list[at - 1]?.nearSource ?? server, far),
    };
    this.list.push(detour);
    if (frozen) this.freeze();
    down.comeFrom(detour.nearSource);
    far.on('data', (chunk: Buffer) => detour.up.take(chunk));
    near.on('data', (chunk: Buffer) => {
      const next = this.list[at + 1];
      if (next) next.down.take(chunk);
      else this.onArrival(chunk);
    });
    near.resume();
    far.resume();
    once(near, () => {
      const next = this.list[at + 1];
      if (this.closed) return;
      if (next) next.down.finish('FIN');
      else this.onEnd('client');
    });
    once(far, () => {
      if (this.closed) return;
      if (at > 0) detour.up.finish('FIN');
      else this.onEnd('server');
    });
  }

  freeze(): void {
    for (const flow of this.flows()) flow.freeze();
  }

  thaw(): void {
    for (const flow of this.flows()) flow.thaw();
  }

  close(): void {
    this.closed = true;
    for (const { near, far } of this.list) {
      near.destroy();
      far.destroy();
    }
  }

  private flows(): Flow[] {
    return this.list.flatMap(({ up, down }) => [up, down]);
  }
}

/** The first sign of its end. */
function once(socket: Socket, tell: () => void): void {
  let told = false;
  const first = () => {
    if (told) return;
    told = true;
    tell();
  };
  socket.on('end', first).on('error', first).on('close', first);
}
