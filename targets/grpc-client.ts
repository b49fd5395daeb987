/**
 * The resilient gRPC client: follows Feed/Subscribe of TARGET_URL (grpc://host:port) for ever. It issues the call again after any
 * end with backoff and jitter, heeds what a server asks, pings, goes on behind the last number, drops what it has seen, leaves
 * at GOAWAY, asks with a deadline, reports JSON lines. Between attempts to connect the channel has its own backoff.
 * Delays are random in 20-100 % of a ceiling of 2.5 s, as the WebSocket client's, that grows to 30 s.
 */
import { randomBytes } from 'node:crypto';
import { subscribe as listen } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import {
  Client,
  type ClientReadableStream,
  connectivityState,
  credentials,
  Metadata,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { pressing } from './feed';
import { ask, type Message, type Note, subscribe } from './feed-service';
import { type Behaviour, resilient } from './grpc-client-behaviour';
import { startUpload } from './grpc-upload';
import { report, scaledMs } from './program';

export const meta = { role: 'client', trips: null } as const;

/** Notes beyond this are given up, the oldest first. */
const KEPT = 1_000;
const RESET = JSON.stringify({ event: 'reset' });

export function startClient(flaw: Partial<Behaviour> = {}): void {
  const behaviour: Behaviour = { ...resilient, ...flaw };
  const { inbox, connectMs } = behaviour;
  const { protocol, host } = new URL(process.env.TARGET_URL ?? 'grpc://127.0.0.1:8080');
  const secured =
    protocol === 'grpcs:' ? credentials.createSsl(null, null, null, behaviour.verify) : credentials.createInsecure();
  const client = new Client(host, secured, behaviour.options);
  const name = randomBytes(4).toString('hex');
  const waiting: Note[] = [];
  let [failures, posted, isOpen] = [0, 0, false];
  let current: ClientReadableStream<Message>;

  function follow(): void {
    if (failures > 0) report('retry');
    const metadata = new Metadata({ waitForReady: behaviour.waitsForReady });
    const after = behaviour.resumes ? Number(inbox.cursor ?? 0) : 0;
    const { path, requestSerialize, responseDeserialize } = subscribe;
    const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { after }, metadata);
    current = call;
    let openedAtMs: number | undefined;
    let leaving: NodeJS.Timeout | undefined;
    call.once('metadata', () => {
      openedAtMs = Date.now();
      isOpen = true;
      report('open');
      askAll();
      // While the call goes on, that is a GOAWAY.
      client.getChannel().watchConnectivityState(connectivityState.READY, Number.POSITIVE_INFINITY, () => {
        const ms = behaviour.leavesMs();
        if (ms !== null) leaving = setTimeout(() => call.cancel(), scaledMs(ms));
      });
    });
    call.on('data', (message: Message) => inbox.take(JSON.stringify(message)));
    call.on('error', (error) => {
      report('error', { data: error.message });
      if (/parsing error/.test(error.message)) behaviour.misunderstood();
    });
    call.on('status', (ended: StatusObject) => {
      clearTimeout(leaving);
      if (openedAtMs !== undefined) report('close');
      isOpen = false;
      if (ended.code === status.OUT_OF_RANGE) inbox.take(RESET);
      if (openedAtMs !== undefined && Date.now() - openedAtMs >= scaledMs(behaviour.stableMs)) failures = 0;
      const delay = behaviour.delayMs(failures++, ended);
      if (delay !== null) setTimeout(follow, behaviour.askedMs(ended) + scaledMs(delay));
    });
  }

  /** The application goes on, connected or not. */
  function post(): void {
    const id = `${name}-${posted++}`;
    report('sent', { id });
    waiting.push({ id, text: 'still here' });
    if (waiting.length > KEPT) report('unsent', { id: waiting.shift()?.id });
    if (isOpen) askAll();
  }

  /** What fails may have been answered all the same, and is not asked again. */
  function askAll(): void {
    const { path, requestSerialize, responseDeserialize } = ask;
    const { deadlineMs } = behaviour;
    const options = deadlineMs === null ? {} : { deadline: Date.now() + scaledMs(deadlineMs) };
    for (const note of waiting.splice(0))
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, note, options, (error) => {
        if (!error) report('acked', { id: note.id });
        else if (behaviour.asksAgain) waiting.push(note);
        else behaviour.givesUp(note.id);
      });
  }

  // grpc-js waits for ever for the first bytes of a server that has accepted.
  if (connectMs !== null)
    listen('net.client.socket', (message) => {
      const { socket } = message as { socket: Socket };
      const hung = setTimeout(() => socket.bytesRead === 0 && socket.destroy(), scaledMs(connectMs));
      socket.once('close', () => clearTimeout(hung));
    });
  const leave = () => {
    current.cancel();
    client.close();
    process.exit(0);
  };
  process.once('SIGTERM', leave).once('SIGINT', leave);
  setTimeout(() => setInterval(post, scaledMs(1_000)), scaledMs(1_000) * Math.random());
  if (pressing) startUpload(client, behaviour.upload);
  follow();
}

if (require.main === module) startClient();
