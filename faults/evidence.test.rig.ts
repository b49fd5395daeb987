import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { every, until } from '../harness/clock.js';
import type { Gate, GateConnection } from '../harness/contract.js';
import { listenOnLoopback } from '../harness/loopback.js';
import { openGate } from '../harness/path/gate.js';
import { createObserver } from '../harness/path/observer.js';
import { type ToxicPath, watchLag } from '../harness/path/toxic-path.js';
import { createToxiproxyClient, type ProxyHandle } from '../harness/path/toxiproxy.js';
import { openEngine } from '../harness/toxiproxy/find.js';

const TICK_MS = 20;
const FLOOD_BYTES = 32 * 1024;
const record = () => {};
const observer = createObserver('key');

/** Node 20 has no AsyncDisposableStack. */
function openStack() {
  const acts: (() => unknown)[] = [];
  return {
    defer: (act: () => unknown) => void acts.push(act),
    use<T extends Disposable | AsyncDisposable>(resource: T): T {
      acts.push(() => (Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose]() : resource[Symbol.dispose]()));
      return resource;
    },
    async undo() {
      for (const act of acts.reverse()) await act();
    },
  };
}

/** Says a little now and then, or as much as is taken; echoes nothing. */
export interface Room extends AsyncDisposable {
  readonly gate: Gate;
  /** Somebody who has arrived, and says a little now and then. */
  visit(options?: { readonly floods?: boolean; readonly silent?: boolean }): Promise<Socket>;
}

export async function openRoom({ floods = false, silent = false } = {}): Promise<Room> {
  const stack = openStack();
  const chatter = (socket: Socket, flood: boolean) => {
    const bytes = Buffer.alloc(flood ? FLOOD_BYTES : 16, 'x');
    const talking = every(TICK_MS, () => {
      if (socket.writable && socket.writableLength < 4 * FLOOD_BYTES) socket.write(bytes);
    });
    stack.use(talking);
    socket.on('error', () => {}).on('close', () => talking[Symbol.dispose]());
  };
  const listener = createServer((socket) => {
    socket.on('error', () => {}).resume();
    if (!silent) chatter(socket, floods);
  });
  const server = stack.use(await listenOnLoopback(listener));
  const gate = stack.use(await openGate({ name: 'room', upstream: server, record, observer }));
  return {
    gate,
    async visit({ floods: pushes = false, silent: mute = false } = {}) {
      const before = gate.accepted;
      const socket = connect(gate.port, gate.host);
      stack.defer(() => void socket.destroy());
      socket.on('error', () => {}).resume();
      await once(socket, 'connect');
      await until('the visitor is at the gate', () => gate.accepted > before, 5000);
      if (!mute) chatter(socket, pushes);
      return socket;
    },
    [Symbol.asyncDispose]: () => stack.undo(),
  };
}

/** A path through Toxiproxy with somebody who listens at its near end to a server that says a little now and then. */
export async function openPath(): Promise<
  ToxicPath & AsyncDisposable & { readonly to: { host: string; port: number } }
> {
  const stack = openStack();
  // In a process of its own, as in a run: here its small writes and our reads would take turns.
  const engine = stack.use(await openEngine('embedded', 1));
  const toxiproxy = stack.use(await engine.lease());
  const listener = createServer((socket) => {
    const talking = every(TICK_MS, () => {
      if (socket.writable) socket.write(Buffer.alloc(64, 'x'));
    });
    socket.on('error', () => {}).on('close', () => talking[Symbol.dispose]());
    socket.resume();
  });
  const to = stack.use(await listenOnLoopback(listener));
  const far = stack.use(await openGate({ name: 'far', upstream: to, record, observer }));
  const proxy = await createToxiproxyClient(toxiproxy.url).createProxy({
    name: 'evidence',
    upstream: `${far.host}:${far.port}`,
  });
  const upstream = { host: proxy.listenHost, port: proxy.listenPort };
  const near = stack.use(await openGate({ name: 'near', upstream, record, observer }));
  const client = connect(near.port, near.host);
  stack.defer(() => void client.destroy());
  client.on('error', () => {}).resume();
  await until('the server is heard', () => near.live.some(({ downBytes }) => downBytes > 0), 5000);
  return {
    near,
    far,
    proxy,
    to: { host: to.host, port: to.port },
    watchLag: () => watchLag(near, far),
    [Symbol.asyncDispose]: () => stack.undo(),
  };
}

/** A toxic that is there, and does nothing. */
export function toothless(path: ToxicPath): ToxicPath {
  const addToxic: ProxyHandle['addToxic'] = (toxic) => path.proxy.addToxic({ ...toxic, type: 'noop', attributes: {} });
  return { ...path, proxy: lame(path.proxy, { addToxic }) };
}

const nothing = () => {};
const IDLE_CONNECTION = { freeze: nothing, reset: nothing, end: nothing, throttleUp: nothing, throttleDown: nothing };

/** Everything as it is but its acts, which are forgotten. */
export function idleGate(gate: Gate): Gate {
  const live = () => gate.live.map(idleConnection);
  const idle = { setDoor: async () => {}, resetAll: () => gate.live.length, endAll: () => gate.live.length };
  return lame(gate, { ...idle, setUpstream: nothing }, live);
}

export function idleConnection(connection: GateConnection): GateConnection {
  return lame(connection, { ...IDLE_CONNECTION, insertDown: () => false });
}

function lame<T extends object>(whole: T, acts: Partial<T>, live?: () => unknown): T {
  return new Proxy(whole, {
    get(target, name) {
      if (live && name === 'live') return live();
      if (name in acts) return acts[name as keyof T];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
