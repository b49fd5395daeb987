import { delay, nowMs, waitFor } from './clock.js';
import type { EventBody, Facts, Fault, Gate, Injection, Record_, RunOptions, Target } from './contract.js';
import type { Unit } from './define.js';
import { presentedId } from './drivers/resume.js';
import { HarnessError, messageOf } from './errors.js';
import { LOST } from './lost.js';
import { tapFrames } from './path/frame-tap.js';
import { openGate } from './path/gate.js';
import { createObserver } from './path/observer.js';
import { CLIENT_NAMES, createRunTimeCa, type RunTimeCa, VALID_DAYS } from './path/run-time-ca.js';
import { openTlsFront, type TlsFront } from './path/tls-front.js';
import { watchLag } from './path/toxic-path.js';
import { createToxiproxyClient, type ProxyHandle, type Route, type ToxiproxyClient } from './path/toxiproxy.js';
import { PORT_PROXY } from './port-proxy.js';
import { isSecure, protocolNamed, type ReferenceServer, schemeOf } from './protocol.js';
import { createRandom } from './random.js';
import type { GateRequest, ScenarioContext, Workload } from './scenario.js';
import { type StartedClient, startClient } from './target/client.js';
import { elsewhereOf, watchPath } from './target/left-path.js';
import { insideNamespace } from './target/namespace.js';
import { pickPort } from './target/ports.js';
import { ownPrefix, startReaper, tellReaperOfServer } from './target/reaper.js';
import { connectServer, type StartedServer, startServer } from './target/server.js';
import { startEmbedded } from './toxiproxy/embedded.js';

export interface ContextSettings {
  readonly scenario: string;
  readonly target: Target;
  readonly options: RunOptions;
  readonly workload: Workload;
  readonly observerKey: string;
  /** The HTTP API of the run's Toxiproxy. */
  readonly engineUrl: string;
  readonly engineRoute?: Route | undefined;
  readonly signal: AbortSignal;
  readonly emit: (event: EventBody, atMs: number) => void;
}

const DEATH_MS = 100;
/** The shorter of the usual drain windows, 30-60 s. */
const CLOSE_TIMEOUT_MS = 30_000;
/** What is asked of clients of an overloaded stream: longer than any first delay of their own. */
const RETRY_MS = 9_000;

/** What a scenario works with. Everything it starts or injects is undone by disposing the context, last first. */
export function createContext(settings: ContextSettings): ScenarioContext & AsyncDisposable {
  const { target, options, signal, workload } = settings;
  const protocol = protocolNamed(target.protocol);
  const observer = createObserver(settings.observerKey);
  const random = createRandom(settings.options.seed, settings.scenario);
  const resources = new Set<AsyncDisposable | Disposable>();
  const record = (event: EventBody, atMs = nowMs()) => settings.emit(event, atMs);
  const defer = <T extends AsyncDisposable | Disposable>(resource: T): T => {
    resources.add(resource);
    return resource;
  };
  const started: StartedServer[] = [];
  const clients: StartedClient[] = [];
  const gates: Gate[] = [];
  const fronts: TlsFront[] = [];
  let ca: RunTimeCa | undefined;
  let disturbed = false;
  let servers = 0;
  let injections = 0;
  let leaving = false;
  let toxiproxy: ToxiproxyClient | undefined;
  const tools = { target, record, observer };
  // Only targets that declare it honour it (CHECKLIST rule 16).
  const base = { ...target.env, ...(options.scale === 1 ? {} : { HOLDFAST_SCALE: String(options.scale) }) };

  const gatePorts = () => new Set([...gates, ...fronts].map(({ port }) => port));

  const context: ScenarioContext = {
    target,
    workload,
    options,
    random,
    observer,
    signal,
    record,
    defer,
    ms: (window) => window * options.scale,
    async watch(windowMs, condition, stepMs = 20) {
      if (condition) return waitFor(condition, windowMs, { signal, stepMs });
      await delay(windowMs, signal);
      return undefined;
    },
    phase(phase, label) {
      disturbed ||= phase === 'fault';
      record({ type: 'phase', phase, ...(label === undefined ? {} : { label }) });
    },
    obstacle: (code, text) => record({ type: 'obstacle', code, text }),
    measure: (name, facts) => record({ type: 'measure', name, facts }),
    samples: (name, unit, values) => record({ type: 'samples', name, unit, values }),

    async startServer({ name, env, openFiles, port } = {}) {
      if (!target.server) throw new HarnessError('NO_SERVER', 'this target has no server');
      if (target.server.url !== undefined) return defer(await connectServer(target.server));
      servers += 1;
      const server = await startServer({
        spec: target.server,
        name: name ?? `server-${servers}`,
        env: { ...base, ...env },
        ...(openFiles === undefined ? {} : { openFiles }),
        ...(port === undefined ? {} : { port }),
        cwd: target.cwd,
        record,
        observer,
        signal,
      });
      started.push(server);
      if (server.published) record({ type: 'measure', name: PORT_PROXY, facts: { process: server.name } });
      watchForCrash(server, name ?? `server-${servers}`);
      return defer(server);
    },
    async startReference(): Promise<ReferenceServer> {
      const resume = presentedId(target.resume);
      const base = 100_000_000 + random.integer(0, 800_000_000);
      const timers = { closeTimeoutMs: CLOSE_TIMEOUT_MS * options.scale, retryMs: RETRY_MS * options.scale };
      return defer(await protocol.startReference({ base, ...timers, ...resume }, target));
    },
    async startClient({ name, gate, secure, host = '127.0.0.1', env = {}, ...more }) {
      if (!target.client) throw new HarnessError('NO_CLIENT', 'this target has no client');
      if (target.client.listen !== undefined) await gate.moveTo(target.client.listen);
      const front = !secure && workload.speaksTls ? await tlsBefore(gate) : undefined;
      const scheme = schemeOf(target.protocol, secure || front !== undefined);
      const url = `${scheme}://${host}:${front?.port ?? gate.port}${protocol.pathless ? '' : target.path}`;
      const own = { ...base, ...front?.env, ...env };
      const client = defer(
        await startClient({ spec: target.client, name, url, env: own, cwd: target.cwd, record, observer, ...more }),
      );
      clients.push(client);
      if (clients.length === 1) {
        defer(
          watchPath({
            pids: () => clients.flatMap(({ process }) => process.seen()),
            gatePorts,
            serverPorts: () => new Set(started.map(({ port }) => port)),
            disturbed: () => disturbed,
            record,
          }),
        );
      }
      return client;
    },
    async elsewhere(client) {
      if (target.protocol !== 'grpc') return null;
      return (await elsewhereOf(client.process.seen(), gatePorts()))[0] ?? null;
    },
    async openGate({ name, to, listen, tap, onEvent, silent, admit, observer: own = observer }) {
      const secure = isSecure(target.server?.url);
      const gate = defer(
        await openGate({
          name,
          upstream: to,
          // One that is closed for a while must not lose its port to a connection that somebody makes meanwhile.
          ...(listen ? { listenHost: listen.host, listenPort: listen.port } : { listenPort: await pickPort() }),
          record: silent ? () => undefined : onEvent ? watched(onEvent) : record,
          observer: own,
          ...(tap === false || secure || silent ? {} : { tap: tap === 'frames' ? tapFrames : protocol.tap(target) }),
          ...(admit ? { admit } : {}),
        }),
      );
      gates.push(gate);
      return gate;
    },
    async openToxicPath({ name, to, tapFar = false, ...quiet }) {
      toxiproxy ??= await openToxiproxy();
      const route = insideNamespace() ? undefined : settings.engineRoute;
      const listen = route && { host: route.gateHost, port: await pickPort() };
      const far = await context.openGate({
        name: `${name}-far`,
        to,
        tap: tapFar,
        ...(listen ? { listen } : {}),
        ...quiet,
      });
      const proxy = await toxiproxy.createProxy({
        name: `${ownPrefix}${settings.scenario}-${name}`,
        upstream: `${route?.upstreamHost ?? far.host}:${far.port}`,
      });
      defer({ [Symbol.asyncDispose]: () => takeAway(proxy) });
      const near = await context.openGate({ name, to: { host: proxy.listenHost, port: proxy.listenPort }, ...quiet });
      return { near, far, proxy, watchLag: () => watchLag(near, far) };
    },
    async openSession(session) {
      const opened = await protocol.open(session, tools);
      return 'refused' in opened ? opened : defer(opened);
    },
    async mustOpen(session) {
      const opened = await context.openSession(session);
      if (!('refused' in opened)) return opened;
      throw new HarnessError('HANDSHAKE_REFUSED', `session ${session.name} could not be opened: ${opened.reason}`);
    },
    async inject<Subject, Params extends Facts>(
      unit: Unit<'fault', Fault<Subject, Params>>,
      subject: Subject,
      params: Params,
      who?: string,
    ): Promise<Injection> {
      const fault = unit.value;
      injections += 1;
      const name = who ?? `${fault.id}-${injections}`;
      const note = (what: 'inject' | 'bite' | 'heal', facts: Facts) =>
        record({ type: 'fault', fault: fault.id, what, who: name, facts });
      note('inject', params);
      const undo = await fault.inject(subject, params, { bite: (facts) => note('bite', facts), signal });
      let healed = false;
      const heal = async () => {
        if (healed) return;
        healed = true;
        await undo();
        note('heal', {});
        resources.delete(injection);
      };
      const injection = defer({ heal, [Symbol.asyncDispose]: heal });
      return injection;
    },
  };
  protocol.recall?.(target, workload);
  // The descriptors are no fact for a reader.
  const { services: _, ...facts } = workload;
  record({ type: 'measure', name: 'workload', facts });

  function watched(onEvent: NonNullable<GateRequest['onEvent']>): Record_ {
    return (event, atMs = nowMs()) => {
      record(event, atMs);
      onEvent(event, atMs);
    };
  }

  /** The run's own server; in a network namespace, which it cannot be reached from, the embedded one in this process. */
  async function openToxiproxy(): Promise<ToxiproxyClient> {
    if (!insideNamespace()) {
      startReaper();
      tellReaperOfServer(settings.engineUrl);
      return createToxiproxyClient(settings.engineUrl, { route: settings.engineRoute });
    }
    const embedded = defer(await startEmbedded({ seed: options.seed }));
    return createToxiproxyClient(embedded.url);
  }

  /** A server that went away meanwhile took the connections with it, which looks as if the program had lost them. */
  async function takeAway(proxy: ProxyHandle): Promise<void> {
    let gone: string;
    try {
      if (await proxy.remove()) return;
      gone = 'it no longer had this proxy';
    } catch (error) {
      if (!(error instanceof HarnessError && error.code === 'TOXIPROXY_UNREACHABLE')) throw error;
      gone = messageOf(error);
    }
    record({
      type: 'obstacle',
      code: LOST.toxiproxy,
      text: `the Toxiproxy server was lost during this scenario: ${gone}`,
    });
  }

  /** Where a client that speaks only TLS goes instead: to what ends it right before its gate. */
  async function tlsBefore(gate: Gate) {
    ca ??= defer(createRunTimeCa());
    const certificate = ca.authority.issue(CLIENT_NAMES, VALID_DAYS);
    const front = defer(await openTlsFront({ certificate, upstream: gate, alpn: protocol.alpn }));
    fronts.push(front);
    return { port: front.port, env: ca.env };
  }

  /** An end that nobody asked for is a fact that every check must know. */
  function watchForCrash(server: StartedServer, name: string): void {
    server.process?.exited.then(({ code, signal: by, atMs }) => {
      // A launcher may leave while the server that it started lives.
      if (leaving || server.stopping || server.alive()) return;
      record({ type: 'process', process: name, what: 'crash', code, signal: by, facts: { role: 'server' } }, atMs);
    });
  }

  return Object.assign(context, {
    [Symbol.asyncDispose]: async () => {
      // Of a server that is about to die the connections go first, and with them the scenario.
      await waitFor(() => started.some((server) => server.process?.exit && !server.stopping), DEATH_MS);
      leaving = true;
      for (const resource of [...resources].reverse()) {
        try {
          if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
          else resource[Symbol.dispose]();
        } catch (error) {
          // One resource that will not go must not keep the others.
          record({ type: 'obstacle', code: 'CLEANUP', text: `cleaning up failed: ${String(error)}` });
        }
      }
    },
  });
}
