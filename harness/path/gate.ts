import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Door, Gate, GateConnection, Observer, Record_, WireTapFactory } from '../contract.js';
import { HarnessError, messageOf } from '../errors.js';
import { Crossing } from './crossing.js';
import { meet } from './doors.js';

export interface GateOptions {
  readonly name: string;
  readonly listenHost?: string;
  /** 0 lets the kernel choose. */
  readonly listenPort?: number;
  readonly upstream: { readonly host: string; readonly port: number };
  readonly record: Record_;
  readonly tap?: WireTapFactory;
  readonly observer: Observer;
  /** The address that the upstream is dialled from. */
  readonly sourceHost?: string;
  /** The door of one newcomer, where it is another than everybody's. */
  readonly admit?: (newcomer: GateConnection) => Exclude<Door, { kind: 'closed' }> | undefined;
}

/**
 * Opens our own hop (DESIGN section 1): TCP in, TCP out, FIN as FIN and RST as RST. A connection's `end` is recorded
 * once, at the moment it stops being whole: at the first FIN or RST of either side, or at our own act; a connection
 * that is still whole when the gate is disposed of ends by `gate` as `none`.
 */
export async function openGate(options: GateOptions): Promise<Gate> {
  const gate = new OpenGate(options);
  await gate.listen();
  return gate;
}

class OpenGate implements Gate {
  readonly name: string;
  readonly host: string;
  port: number;
  accepted = 0;
  turnedAway = 0;
  private door: Door = { kind: 'open' };
  private upstream: { readonly host: string; readonly port: number };
  private listener: Server | undefined;
  private readonly crossings = new Set<Crossing>();
  private readonly closing: Promise<void>[] = [];
  /** Door changes one after another: each may close or open the listener. */
  private turn: Promise<void> = Promise.resolve();
  private disposed = false;

  constructor(private readonly options: GateOptions) {
    this.name = options.name;
    this.host = options.listenHost ?? '127.0.0.1';
    this.port = options.listenPort ?? 0;
    this.upstream = options.upstream;
  }

  get live(): readonly GateConnection[] {
    const all = [...this.crossings];
    const holding = all.filter(({ holds }) => holds);
    if (holding.length === 0 || holding.length === all.length) return all;
    return [...holding, ...all.filter(({ holds }) => !holds)];
  }

  setDoor(door: Door): Promise<void> {
    const change = this.turn.then(async () => {
      this.door = door;
      if (door.kind === 'closed') this.unlisten();
      else await this.listen();
    });
    this.turn = change.catch(() => undefined);
    return change;
  }

  moveTo(port: number): Promise<void> {
    const move = this.turn.then(async () => {
      if (this.port === port) return;
      this.unlisten();
      this.port = port;
      await this.listen();
    });
    this.turn = move.catch(() => undefined);
    return move;
  }

  setUpstream(host: string, port: number): void {
    this.upstream = { host, port };
  }

  /** All are cut before anything is recorded: a storm's clients are to be cut in the same instant. */
  resetAll(): number {
    const cut = [...this.crossings];
    for (const crossing of cut) crossing.sever();
    for (const crossing of cut) crossing.markEnd('gate', 'RST');
    return cut.length;
  }

  endAll(): number {
    const cut = [...this.crossings];
    for (const crossing of cut) crossing.end();
    return cut.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
    await this.turn;
    this.unlisten();
    for (const crossing of this.crossings) crossing.destroy();
    await Promise.all(this.closing);
  }

  async listen(): Promise<void> {
    if (this.listener !== undefined || this.disposed) return;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: this.host, port: this.port, backlog: 4096 }, () => {
        server.off('error', reject);
        resolve();
      });
    }).catch((cause) => {
      throw new HarnessError(
        'GATE_LISTEN',
        `the gate "${this.name}" cannot listen on ${this.host}:${this.port} (${messageOf(cause)}); free that port or choose another`,
        { cause },
      );
    });
    server.on('error', (error) =>
      this.options.record({
        type: 'obstacle',
        code: 'gate-accept',
        text: `the gate "${this.name}" could not accept a connection: ${messageOf(error)}`,
      }),
    );
    this.listener = server;
    this.port = (server.address() as AddressInfo).port;
  }

  private unlisten(): void {
    const server = this.listener;
    if (server === undefined) return;
    this.listener = undefined;
    // The callback comes when the last connection is gone, which may be long after the port is.
    this.closing.push(new Promise((resolve) => server.close(() => resolve())));
  }

  private accept(client: Socket): void {
    const { name, record, observer, tap, sourceHost } = this.options;
    const id = ++this.accepted;
    // What a server says behind the back of a client that has gone is for nobody (Werkzeug: an HTTP answer).
    const told: Record_ = (event, atMs) => {
      const unheard = event.type === 'undecodable' && event.dir === 'down' && crossing.endedBy === 'client';
      if (!unheard) record(event, atMs);
    };
    const crossing: Crossing = new Crossing({
      id,
      gate: name,
      client,
      record,
      tap: tap?.(name, id, told, observer),
      onGone: (gone) => this.crossings.delete(gone),
      onTurnedAway: () => {
        this.turnedAway += 1;
      },
    });
    this.crossings.add(crossing);
    const door = this.options.admit?.(crossing) ?? this.door;
    if (door.kind === 'open') crossing.join(this.upstream.host, this.upstream.port, sourceHost);
    else if (door.kind === 'elsewhere') crossing.join(door.host, door.port, sourceHost);
    // Accepted by the kernel before the listener was closed: a closed port would have reset it.
    else if (door.kind === 'closed') crossing.reset();
    else meet(door, crossing);
  }
}
