import type { Socket } from 'node:net';
import { nowMs } from '../clock.js';
import type { EndKind, GateConnection, Record_, WireTap } from '../contract.js';
import { ClientSource } from './client-source.js';
import { Detours } from './detours.js';
import { Flow } from './flow.js';
import { HeldWindows } from './held-windows.js';
import { frameOf } from './http2-frames.js';
import { OwnPings, ownPing } from './own-pings.js';
import { ifFin, rst } from './rst.js';
import { Upstream } from './upstream.js';

/** RFC 9113, section 7. */
const CANCEL = Buffer.from([0, 0, 0, 8]);

export interface CrossingOptions {
  readonly id: number;
  readonly gate: string;
  readonly client: Socket;
  readonly record: Record_;
  readonly tap: WireTap | undefined;
  readonly onGone: (crossing: Crossing) => void;
  readonly onTurnedAway: () => void;
}

/**
 * One connection through a gate.
 *
 *   client socket --> tap --> Flow up ----> upstream socket
 *   client socket <---- Flow down <-- tap <-- upstream socket (throttle)
 *
 * Detours lie between the taps and the upstream socket.
 *
 * A connection that meets a door other than `open` has no upstream; its answer is given by `doors.ts`.
 *
 * Not noticed, since the kernel tells user space only by a read: an end of a side that is not being read (backpressure,
 * a full spool), and the reset that follows a FIN of the same side while nothing is written to it.
 */
export class Crossing implements GateConnection {
  readonly id: number;
  readonly openedAtMs = nowMs();
  readonly client: Socket;
  upBytes = 0;
  downBytes = 0;
  downChunks = 0;
  private readonly source: ClientSource;
  private server: Upstream | undefined;
  private upFlow: Flow | undefined;
  private downFlow: Flow | undefined;
  private windows: HeldWindows | undefined;
  private pings: OwnPings | undefined;
  private pinged = 0;
  private readonly cancelled = new Set<number>();
  private readonly detours = new Detours(
    (chunk) => this.arrived(chunk),
    (toward) => this.cameBack(toward),
  );
  endedBy: 'client' | 'server' | 'gate' | undefined;
  private readonly remotePort: number;
  private gone = false;

  constructor(private readonly options: CrossingOptions) {
    this.id = options.id;
    this.client = options.client;
    this.source = new ClientSource(options.client);
    this.remotePort = options.client.remotePort ?? 0;
    this.client.setNoDelay(true);
    this.event('start', this.openedAtMs);
    this.client.on('data', (chunk: Buffer) => this.fromClient(chunk));
    this.client.on('end', () => ifFin(this.client, () => this.sideEnded('client', 'FIN')));
    this.client.on('error', () => this.sideEnded('client', 'RST'));
    this.client.once('close', () => this.sideClosed());
  }

  get served(): boolean {
    return this.downBytes > 0 && (this.options.tap?.answered ?? true);
  }

  get holds(): boolean {
    return this.options.tap?.holds ?? false;
  }

  get said(): number {
    return this.options.tap?.upMessages ?? this.upBytes;
  }

  get ended(): boolean {
    return this.endedBy !== undefined;
  }

  get called(): boolean {
    return this.served || (this.downBytes > 0 && this.options.tap?.asking === true);
  }

  get alive(): boolean {
    return !this.client.destroyed || (this.server !== undefined && !this.server.socket.destroyed);
  }

  get clientPort(): number {
    return this.remotePort;
  }

  get upstreamPort(): number {
    return this.server?.socket.localPort ?? 0;
  }

  get frozen(): boolean {
    return this.upFlow?.frozen === true && this.downFlow?.frozen === true;
  }

  get withheldUpBytes(): number {
    return this.upFlow?.withheldBytes ?? 0;
  }

  get withheldDownBytes(): number {
    return (this.detours.fromServer ?? this.downFlow)?.withheldBytes ?? 0;
  }

  /** Dials the server and joins the two sides. */
  join(host: string, port: number, sourceHost: string | undefined): void {
    const server = new Upstream({
      host,
      port,
      ...(sourceHost === undefined ? {} : { sourceHost }),
      onBytes: (chunk) => this.fromServer(chunk),
    });
    this.server = server;
    this.upFlow = new Flow(this.source, server.socket);
    this.downFlow = new Flow(server, this.client);
    server.socket.on('end', () => ifFin(server.socket, () => this.sideEnded('server', 'FIN')));
    // A refused connect is a reset too: that is the nearest a client that has already been accepted can be told.
    server.socket.on('error', () => this.sideEnded('server', 'RST'));
    server.socket.once('close', () => this.sideClosed());
  }

  freeze(): void {
    this.upFlow?.freeze();
    this.downFlow?.freeze();
    this.detours.freeze();
  }

  thaw(): void {
    this.upFlow?.thaw();
    this.downFlow?.thaw();
    this.detours.thaw();
  }

  reset(): void {
    const atMs = nowMs();
    this.sever();
    this.markEnd('gate', 'RST', atMs);
  }

  /** The act of a reset without its record, for many connections to be cut in one instant. */
  sever(): void {
    if (this.upFlow && this.downFlow) {
      this.detours.close();
      this.toServer?.sever();
      this.downFlow.sever();
    } else {
      rst(this.client);
    }
  }

  end(): void {
    const atMs = nowMs();
    this.detours.close();
    this.toServer?.close();
    if (this.downFlow) this.downFlow.close();
    else this.client.end();
    this.markEnd('gate', 'FIN', atMs);
  }

  detour(near: Socket, far: Socket): boolean {
    if (this.ended || !this.upFlow || !this.downFlow || !this.server) return false;
    this.detours.add({ near, far, up: this.upFlow, down: this.downFlow, server: this.server }, this.frozen);
    return true;
  }

  abandon(side: 'client' | 'server'): void {
    const atMs = nowMs();
    this.freeze();
    rst(side === 'client' ? this.client : (this.server?.socket ?? this.client));
    this.markEnd('gate', 'RST', atMs);
  }

  throttleDown(bytesPerSecond: number | null): void {
    this.server?.throttle(bytesPerSecond);
  }

  insertDown(bytes: Buffer, stream?: number): boolean {
    const { tap } = this.options;
    if (this.ended || this.frozen || tap?.betweenMessages !== true) return false;
    const framed = tap.framed ? tap.framed(bytes, stream) : bytes;
    if (framed) this.downFlow?.take(framed);
    return framed !== undefined;
  }

  get streams(): readonly number[] {
    return this.options.tap?.streams?.filter((stream) => !this.cancelled.has(stream)) ?? [];
  }

  cancelStreams(streams: readonly number[]): boolean {
    if (this.ended || this.frozen || this.options.tap?.betweenFramesUp !== true) return false;
    for (const stream of streams) this.cancelled.add(stream);
    this.upFlow?.take(Buffer.concat(streams.map((stream) => frameOf('RST_STREAM', stream, CANCEL))));
    return true;
  }

  ping(count: number): boolean {
    if (this.ended || this.frozen || (!this.pings && this.options.tap?.betweenFramesUp !== true)) return false;
    this.pings ??= new OwnPings();
    if (!this.insertDown(Buffer.concat(Array.from({ length: count }, (_, i) => ownPing(this.pinged + i)))))
      return false;
    this.pinged += count;
    return true;
  }

  get pingAcks(): number {
    return this.pings?.acks ?? 0;
  }

  get heldWindows(): number {
    return this.windows?.frames ?? 0;
  }

  get windowShutMs(): number {
    return this.options.tap?.windowShutMs ?? 0;
  }

  holdWindows(hold: boolean): boolean {
    if (hold && !this.windows && this.options.tap?.betweenMessages !== true) return false;
    this.windows ??= hold ? new HeldWindows() : undefined;
    if (hold) this.windows?.hold();
    else if (this.windows) this.downFlow?.take(this.windows.release());
    return true;
  }

  throttleUp(bytesPerSecond: number | null): void {
    this.source.throttle(bytesPerSecond);
  }

  /** It got what its door has for it. */
  turnedAway(): void {
    this.options.onTurnedAway();
  }

  /** Sends the client bytes of our own; only where there is no upstream. */
  answer(bytes: Buffer): void {
    this.downBytes += bytes.length;
    this.options.tap?.down(bytes, nowMs());
    this.client.write(bytes);
  }

  /** Leaves nothing open. For the end of the gate, not for a fault. */
  destroy(): void {
    this.markEnd('gate', 'none');
    this.detours.close();
    this.client.destroy();
    this.server?.socket.destroy();
  }

  markEnd(by: 'client' | 'server' | 'gate', how: EndKind, atMs = nowMs()): void {
    if (this.ended) return;
    this.endedBy = by;
    const { upBytes, downBytes } = this;
    this.options.record(
      { type: 'connection', gate: this.options.gate, conn: this.id, what: 'end', by, how, upBytes, downBytes },
      atMs,
    );
  }

  private fromClient(chunk: Buffer): void {
    const atMs = nowMs();
    if (this.upBytes === 0) this.event('first-bytes', atMs);
    this.upBytes += chunk.length;
    this.source.pay(chunk.length);
    this.options.tap?.up(chunk, atMs);
    this.upFlow?.take(this.pings?.pass(chunk) ?? chunk);
  }

  private fromServer(chunk: Buffer): void {
    if (this.detours.fromServer) this.detours.fromServer.take(chunk);
    else this.arrived(chunk);
  }

  private arrived(chunk: Buffer): void {
    this.downBytes += chunk.length;
    this.downChunks += 1;
    this.options.tap?.down(chunk, nowMs());
    this.downFlow?.take(this.windows?.pass(chunk) ?? chunk);
  }

  private sideEnded(side: 'client' | 'server', how: 'FIN' | 'RST'): void {
    this.markEnd(side, how);
    // A reset takes no detour.
    if (how === 'RST') this.detours.close();
    const onward =
      side === 'client'
        ? how === 'FIN'
          ? this.upFlow
          : this.toServer
        : how === 'FIN'
          ? (this.detours.fromServer ?? this.downFlow)
          : this.downFlow;
    onward?.finish(how);
    // What still waits for a side that is gone has nowhere to go; its flow lets the other side be read on.
    if (how === 'RST' && !this.frozen) (side === 'client' ? this.downFlow : this.toServer)?.sever();
  }

  private get toServer(): Flow | undefined {
    return this.detours.toServer ?? this.upFlow;
  }

  /** An end that came by a detour: of one of the sides, or of the detour's own making, which neither side has asked for. */
  private cameBack(toward: 'client' | 'server'): void {
    if (!this.ended) this.end();
    else (toward === 'client' ? this.downFlow : this.toServer)?.finish('FIN');
  }

  private sideClosed(): void {
    // Both sockets may be destroyed before either tells that it is closed.
    if (this.alive || this.gone) return;
    this.gone = true;
    this.detours.close();
    this.options.tap?.end();
    this.options.onGone(this);
  }

  private event(what: 'start' | 'first-bytes', atMs: number): void {
    this.options.record({ type: 'connection', gate: this.options.gate, conn: this.id, what }, atMs);
  }
}
