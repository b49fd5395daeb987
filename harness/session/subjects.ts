import type { Facts, Fault, Gate, GateConnection, Injection } from '../contract.js';
import type { Unit } from '../define.js';
import { readControlStream, startControlStream } from '../drivers/control-stream.js';
import { HarnessError } from '../errors.js';
import { findProxy, noProxy } from '../path/find-proxy.js';
import { openMiddlebox } from '../path/middlebox.js';
import { openProxyLike } from '../path/proxy-like.js';
import { PROFILES } from '../path/proxy-profiles.js';
import { startProxy } from '../path/real-proxy.js';
import { openUpgradeBlock } from '../path/upgrade-block.js';
import { isDuplex, isSecure, protocolNamed } from '../protocol.js';
import type { Address, ScenarioContext } from '../scenario.js';
import type { StartedServer } from '../target/server.js';
import { type Admissions, partOf } from './admissions.js';
import type { HandFault } from './controls.js';
import { openToxicRoute } from './toxic-route.js';
import type { Witness } from './witness.js';

/** What faults by hand are done to. */
export interface Stage {
  readonly context: ScenarioContext;
  readonly gate: Gate;
  readonly admissions: Admissions;
  /** The server that is there now. */
  server(): StartedServer;
  /** A fresh copy in its place. */
  restart(): Promise<void>;
  /** Newcomers go to where the server is now. */
  follow(): void;
  readonly witness: Witness;
}

/** One fault, on whom, and with what. */
export interface Task {
  readonly fault: HandFault;
  readonly params: Facts;
  readonly who: string;
  readonly chosen: readonly GateConnection[];
  covers(newcomer: GateConnection): boolean;
}

const NEVER_MS = 2 ** 30;

/** Injects it, and gives what undoes all of it; each half of it twice without harm. */
export async function perform(stage: Stage, task: Task): Promise<Injection> {
  const { gate, admissions } = stage;
  const { fault, chosen, covers, who } = task;
  const part = () => partOf(gate, admissions, chosen, covers);
  switch (fault.byHand.subject) {
    case 'connections': {
      if (chosen.length === 0)
        throw new HarnessError('NO_CONNECTION', `${fault.id} needs an open connection: there is none`);
      const all: Injection[] = [];
      for (const one of chosen) all.push(await inject(stage, task, one, { conn: one.id }, `${who}.${one.id}`));
      return together(all);
    }
    case 'gate': {
      const subject = part();
      return together([await inject(stage, task, subject)], subject);
    }
    case 'gates': {
      const subject = part();
      return together([await inject(stage, task, [subject])], subject);
    }
    case 'path':
    case 'narrow path':
      return onToxicPath(stage, task);
    case 'server': {
      const server = stage.server();
      if (!server.process) throw new HarnessError('NOT_OURS', `${fault.id} needs a server that Holdfast started`);
      const more = { again: stage.restart, moved: stage.follow };
      return together([await inject(stage, task, Object.assign(Object.create(server), more))]);
    }
    case 'buffering proxy':
      return throughBufferingProxy(stage, task);
    case 'idle proxy':
      return throughIdleProxy(stage, task);
    case 'middlebox': {
      const middlebox = await openMiddlebox({ upstream: plain(stage), settings: PROFILES['nginx-article-sse'] });
      return together([await inject(stage, task, middlebox)], toward(stage, task, middlebox), middlebox);
    }
    case 'upgrade block': {
      const block = await openUpgradeBlock(plain(stage));
      return together([await inject(stage, task, block)], toward(stage, task, block), block);
    }
  }
}

/** What the fault must be told and nobody chooses. */
function inject(stage: Stage, task: Task, subject: unknown, more: Facts = {}, who = task.who): Promise<Injection> {
  const { fault } = task;
  const { target } = stage.context;
  const own: Facts = {
    gate: stage.gate.name,
    http2: target.protocol === 'grpc',
    signal: target.server?.stopSignal ?? 'SIGTERM',
    profile: 'nginx-default',
    where: 'instead',
    ...more,
  };
  const asked = Object.keys(fault.params).filter((name) => name in own && !(name in task.params));
  const params = { ...Object.fromEntries(asked.map((name) => [name, own[name] ?? null])), ...task.params };
  // Which subject a fault takes stands beside it, in words.
  const unit = { unit: 'fault', value: fault } as unknown as Unit<'fault', Fault<unknown, Facts>>;
  return stage.context.inject(unit, subject, params, who);
}

/** Healed last first; then what was opened for it is closed. */
function together(injections: readonly Injection[], ...opened: readonly (Disposable | AsyncDisposable)[]): Injection {
  const heal = async () => {
    for (const injection of injections.toReversed()) await injection.heal();
    for (const one of opened) {
      if (Symbol.asyncDispose in one) await one[Symbol.asyncDispose]();
      else one[Symbol.dispose]();
    }
  };
  return { heal, [Symbol.asyncDispose]: heal };
}

async function onToxicPath(stage: Stage, task: Task): Promise<Injection> {
  const { context, gate, admissions } = stage;
  const route = await openToxicRoute(context, task.who);
  const [first, ...others] = task.chosen;
  // One before the others: the first of both gates of the path is then the same connection.
  const firstLed = first ? [await route.lead(first)] : [];
  const ledAll = [...firstLed, ...(await Promise.all(others.map((one) => route.lead(one))))];
  const direct = task.chosen.filter((one, i) => ledAll[i] === false && !one.ended).length;
  if (direct > 0)
    context.obstacle('NOT_LED', `${direct} of ${task.chosen.length} connections could not be led through Toxiproxy`);
  const led = new WeakSet(task.chosen);
  const lastLed = Math.max(0, ...task.chosen.map(({ id }) => id));
  const subject = task.fault.byHand.subject === 'path' ? route.path : { path: route.path, to: route.to };
  const injection = await inject(stage, task, subject);
  const follow = (newcomer: GateConnection) => {
    if (led.has(newcomer) || newcomer.ended) return;
    led.add(newcomer);
    // What it says meanwhile goes that way too.
    newcomer.freeze();
    void route.lead(newcomer).finally(() => newcomer.thaw());
  };
  const leave = admissions.add({ covers: task.covers, onCome: (newcomer) => queueMicrotask(() => follow(newcomer)) });
  for (const one of gate.live) if (!led.has(one) && one.id > lastLed && task.covers(one)) follow(one);
  return together([{ heal: async () => leave(), [Symbol.asyncDispose]: async () => leave() }, injection].toReversed());
}

/** Newcomers go there instead; those who are there keep their way. */
function toward({ admissions }: Stage, { covers }: Task, { host, port }: Address): Disposable {
  const leave = admissions.add({ covers, door: { kind: 'elsewhere', host, port } });
  return { [Symbol.dispose]: leave };
}

async function throughBufferingProxy(stage: Stage, task: Task): Promise<Injection> {
  const { record, options } = stage.context;
  const start = async () => {
    const held = await startControlStream({});
    const proxy = await openProxyLike({
      settings: PROFILES['nginx-default'],
      name: task.who,
      to: [plain(stage), held],
      record,
      engine: options.engine,
    });
    const { host } = proxy;
    const [port = 0, control = 0] = proxy.ports;
    const reader = readControlStream({ host, port: control });
    const leave = toward(stage, task, { host, port });
    return {
      lateMs: () => held.longestLagMs(reader),
      stop: async () => {
        leave[Symbol.dispose]();
        reader[Symbol.dispose]();
        await proxy[Symbol.asyncDispose]();
        await held[Symbol.asyncDispose]();
      },
    };
  };
  return together([await inject(stage, task, { start })]);
}

async function throughIdleProxy(stage: Stage, task: Task): Promise<Injection> {
  const { record, target, options } = stage.context;
  const protocol = protocolNamed(target.protocol);
  const by = (await findProxy('nginx', options.engine)) ?? (await findProxy('haproxy', options.engine));
  if (!by) {
    throw new HarnessError(
      'NO_PROXY',
      `idle-cut needs nginx or HAProxy; idle-forget needs neither: ${noProxy('nginx')}`,
    );
  }
  const profile =
    target.protocol === 'grpc'
      ? 'nginx-article-grpc'
      : isDuplex(target)
        ? 'nginx-article-websocket'
        : 'nginx-article-sse';
  const start = async (idleMs: number) => {
    const silent = await protocol.startReference({ base: 1, pingMs: NEVER_MS, pushMs: NEVER_MS }, target);
    const settings = { ...PROFILES[profile], readTimeoutMs: idleMs };
    const routes = [plain(stage), silent].map(({ host, port }) => ({ to: { host, port }, settings }));
    const proxy = await startProxy({ by, name: task.who, routes, record });
    const { host } = proxy;
    const [port = 0, control = 0] = proxy.ports;
    const session = await protocol.openSilent({ host, port: control });
    const leave = toward(stage, task, { host, port });
    return {
      silent: session,
      stop: async () => {
        leave[Symbol.dispose]();
        session[Symbol.dispose]();
        await proxy[Symbol.asyncDispose]();
        await silent[Symbol.asyncDispose]();
      },
    };
  };
  return together([await inject(stage, task, { start })]);
}

/** A proxy of ours reads HTTP. */
function plain({ context, server }: Stage): Address {
  if (!isSecure(context.target.server?.url)) return server();
  throw new HarnessError('NEEDS_PLAIN', 'a proxy of ours cannot read TLS: give a server without it');
}
