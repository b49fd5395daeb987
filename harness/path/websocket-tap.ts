import { adapterFor, type Dialogue } from '../adapter.js';
import type { Direction, EventBody, Observer, Record_, Scalar, WireTap, WireTapFactory } from '../contract.js';
import { messageOf } from '../errors.js';
import { HeadReader, type HttpHead } from './http-head.js';
import { agreedDeflate } from './websocket-deflate.js';
import { MessageDecoder } from './websocket-messages.js';

/** What a client may send before the 101 that says how to read it. RFC 6455 lets it send nothing. */
const MAX_EARLY_BYTES = 64 * 1024;
const MAX_FIELDS = 64;
/**
 * The longest subprotocol name that is kept as it is. Registered names have up to 24 characters; longer ones are mostly
 * tokens that a browser could send in no other place, and those are kept as a hash.
 */
const MAX_NAME_LENGTH = 24;
/** The head of a request for a session, at the start of what a client sends. */
const ASKS = /^GET [^\r\n]* HTTP\/1\.1\r\n(?:[^\r\n]+\r\n)*upgrade: *websocket *\r\n/i;
const G = 'G'.charCodeAt(0);

function asksForSession(chunk: Buffer): boolean {
  return chunk[0] === G && ASKS.test(chunk.toString('latin1', 0, MAX_EARLY_BYTES));
}

/** Decodes a WebSocket connection from its two byte streams: two heads, then messages. Never throws. */
export const tapWebSocket: WireTapFactory = (gate, conn, record, observer) =>
  new WebSocketTap(gate, conn, record, observer);

type Stage =
  | { readonly is: 'head'; readonly reader: HeadReader }
  /** The request has been read, and the response has not. */
  | { readonly is: 'early'; readonly chunks: [Buffer, number][]; bytes: number }
  | { readonly is: 'messages'; readonly decoder: MessageDecoder }
  | { readonly is: 'ignored' };

class WebSocketTap implements WireTap {
  private upStage: Stage = { is: 'head', reader: new HeadReader() };
  private downStage: Stage = { is: 'head', reader: new HeadReader() };
  private path = '/';
  private dialogue: Dialogue | undefined;
  /** By something else than 101: HTTP's next request may follow on the same connection. */
  private refused = false;

  constructor(
    private readonly gate: string,
    private readonly conn: number,
    private readonly record: Record_,
    private readonly observer: Observer,
  ) {}

  up(chunk: Buffer, atMs: number): void {
    const stage = this.upStage;
    if (chunk.length === 0) return;
    if (this.refused && asksForSession(chunk)) this.begin(chunk, atMs);
    else if (stage.is === 'messages') stage.decoder.push(chunk, atMs);
    else if (stage.is === 'head') this.attempt('up', atMs, () => this.readRequest(stage.reader, chunk, atMs));
    else if (stage.is === 'early') {
      stage.bytes += chunk.length;
      if (stage.bytes > MAX_EARLY_BYTES) this.fail('up', 'bytes before the handshake was answered', atMs);
      else stage.chunks.push([Buffer.from(chunk), atMs]);
    }
  }

  down(chunk: Buffer, atMs: number): void {
    const stage = this.downStage;
    if (chunk.length === 0) return;
    if (stage.is === 'messages') stage.decoder.push(chunk, atMs);
    else if (stage.is === 'head') this.attempt('down', atMs, () => this.readResponse(stage.reader, chunk, atMs));
  }

  end(): void {
    for (const stage of [this.upStage, this.downStage]) if (stage.is === 'messages') stage.decoder.end();
  }

  get betweenMessages(): boolean {
    return this.downStage.is === 'messages' && this.downStage.decoder.betweenMessages;
  }

  /** True while messages may pass. */
  get holds(): boolean {
    return this.downStage.is === 'messages';
  }

  /** What asked over HTTP first (where to go, who it is) may ask for its session on the connection that it has for that, as Node does with one agent for both. */
  private begin(chunk: Buffer, atMs: number): void {
    this.refused = false;
    this.upStage = { is: 'head', reader: new HeadReader() };
    this.downStage = { is: 'head', reader: new HeadReader() };
    this.up(chunk, atMs);
  }

  private readRequest(reader: HeadReader, chunk: Buffer, atMs: number): void {
    const read = reader.push(chunk);
    if (!read) return;
    this.tellRequest(read.head, atMs);
    if (this.downStage.is === 'ignored') this.upStage = { is: 'ignored' };
    else this.upStage = { is: 'early', chunks: [], bytes: 0 };
    this.up(read.rest, atMs);
  }

  private readResponse(reader: HeadReader, chunk: Buffer, atMs: number): void {
    const read = reader.push(chunk);
    if (!read) return;
    const status = Number(read.head.startLine.slice(9, 12));
    // An interim response (100, 103) goes before the one that counts.
    if (status >= 200 || status === 101) this.tellResponse(read.head, status, atMs);
    this.down(read.rest, atMs);
  }

  private tellRequest({ startLine, headers }: HttpHead, atMs: number): void {
    const target = startLine.split(' ')[1] ?? '';
    this.path = target;
    const query = target.includes('?') ? target.slice(target.indexOf('?') + 1) : '';
    const parameters = [...new URLSearchParams(query)].map(([name, value]): [string, string] => [`?${name}`, value]);
    this.tell('up', headers, [...parameters, ...headers], atMs);
  }

  private tellResponse({ headers }: HttpHead, status: number, atMs: number): void {
    this.tell('down', headers, [...headers], atMs, { status });
    const upgraded = status === 101 && headers.get('upgrade')?.toLowerCase() === 'websocket';
    if (!upgraded) {
      this.refused = true;
      this.upStage = { is: 'ignored' };
      this.downStage = { is: 'ignored' };
      return;
    }
    const opening = { path: this.path, subprotocol: headers.get('sec-websocket-protocol') };
    this.dialogue = adapterFor(opening)?.listen(opening);
    const early = this.upStage;
    let deflate: string | undefined;
    try {
      deflate = agreedDeflate(headers.get('sec-websocket-extensions'));
      this.downStage = { is: 'messages', decoder: this.decoder('down', deflate) };
      if (early.is === 'early') this.upStage = { is: 'messages', decoder: this.decoder('up', deflate) };
    } catch (error) {
      // How either direction is to be read stands in this one header.
      this.fail('up', error, atMs);
      throw error;
    }
    if (early.is === 'early') for (const [chunk, chunkAtMs] of early.chunks) this.up(chunk, chunkAtMs);
  }

  private tell(
    dir: Direction,
    headers: HttpHead['headers'],
    values: readonly (readonly [string, string])[],
    atMs: number,
    status: { readonly status?: number } = {},
  ): void {
    const fields = new Map<string, Scalar>();
    for (const [name, value] of values) {
      if (fields.size >= MAX_FIELDS) break;
      const kept = this.observer.scalar(value);
      if (kept !== undefined && !fields.has(name)) fields.set(name, kept);
    }
    const subprotocol = headers.get('sec-websocket-protocol');
    const extensions = headers.get('sec-websocket-extensions');
    const event: EventBody = {
      type: 'handshake',
      gate: this.gate,
      conn: this.conn,
      dir,
      ...status,
      ...(subprotocol === undefined ? {} : { subprotocol: this.namesOf(subprotocol) }),
      ...(extensions === undefined ? {} : { extensions }),
      fields: Object.fromEntries(fields),
    };
    this.record(event, atMs);
  }

  private namesOf(subprotocol: string): string {
    const names = subprotocol.split(',').map((name) => name.trim());
    return names.map((name) => (name.length > MAX_NAME_LENGTH ? `#${this.observer.hash(name)}` : name)).join(', ');
  }

  private decoder(dir: Direction, deflate: string | undefined): MessageDecoder {
    const { gate, conn, record, observer, dialogue } = this;
    return new MessageDecoder({ gate, conn, dir, record, observer, deflate, dialogue });
  }

  private attempt(dir: Direction, atMs: number, step: () => void): void {
    try {
      step();
    } catch (error) {
      this.fail(dir, error, atMs);
    }
  }

  private fail(dir: Direction, error: unknown, atMs: number): void {
    const { gate, conn } = this;
    const reason = messageOf(error);
    if (dir === 'up') this.upStage = { is: 'ignored' };
    else this.downStage = { is: 'ignored' };
    this.record({ type: 'undecodable', gate, conn, dir, reason }, atMs);
  }
}
