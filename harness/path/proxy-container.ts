import { nowMs, waitFor } from '../clock.js';
import { startContainer } from '../containers/container.js';
import { followContainer } from '../containers/process.js';
import { type ContainerRuntime, needRuntime } from '../containers/runtime.js';
import { HarnessError, messageOf } from '../errors.js';
import { PORT_PROXY } from '../port-proxy.js';
import { pickPort } from '../target/ports.js';
import type { StartedProcess } from '../target/process.js';
import type { FoundProxy } from './find-proxy.js';
import { startGreeter } from './greeter.js';
import { COMMANDS, CONFIGS } from './proxy-configs.js';
import { PROFILES } from './proxy-profiles.js';
import { notStarted, PROXY_START_MS, untilItListens } from './proxy-ready.js';
import type { ProxyOptions, Route, StartedProxy } from './real-proxy.js';

type Options = ProxyOptions & Extract<FoundProxy, { readonly image: string }>;

/** Both official images have it, for everybody to write into. */
const FOLDER = '/tmp';
const FIRST_PORT = 8080;
const LOOPBACK: readonly string[] = ['127.0.0.1', '::1'];

/** How a container calls the machine that it is published on, and where that must listen to be reached by it. */
export interface WayBack {
  readonly host: string;
  readonly listen: string;
}

/** Docker Desktop and Podman machines lead these to the loopback of the machine that they run on. */
const WAYS_BACK: readonly WayBack[] = [
  { host: 'host.docker.internal', listen: '127.0.0.1' },
  { host: 'host.containers.internal', listen: '127.0.0.1' },
];

/**
 * The same config in a container of its image. On this machine's network (Linux) nothing is in between, as with a program; where
 * the runtime is in another machine, ports are published, and its forwarder stands before the proxy:
 *
 *   near gate -> 127.0.0.1 (nginx) -> 127.0.0.1 (gate)
 *   near gate -> 127.0.0.1, published -> nginx -> host.docker.internal -> 127.0.0.1 (gate)
 */
export async function startContainedProxy(
  options: Options,
  waysBack: readonly WayBack[] | undefined = mustPublish ? WAYS_BACK : undefined,
): Promise<StartedProxy> {
  const runtime = await needRuntime();
  if (waysBack !== undefined) return startPublished(runtime, options, waysBack);
  try {
    return await startBeside(runtime, options);
  } catch (error) {
    if (!(error instanceof HarnessError && error.code === 'CONTAINER')) throw error;
    mustPublish = true;
    return startPublished(runtime, options, WAYS_BACK);
  }
}

/** Known once one was started: the runtime's network is not this machine's. */
let mustPublish = process.platform !== 'linux';

async function startBeside(runtime: ContainerRuntime, options: Options): Promise<StartedProxy> {
  const host = '127.0.0.1';
  const ports: number[] = [];
  for (const _ of options.routes) ports.push(await pickPort());
  const started = await start(runtime, options, { host, ports }, options.routes);
  try {
    await untilItListens(started.process, ports);
    return { host, ports, [Symbol.asyncDispose]: started.stop };
  } catch (error) {
    // It runs, but not here.
    const isElsewhere = started.process.exit === undefined;
    await started.stop();
    if (isElsewhere) throw new HarnessError('CONTAINER', messageOf(error));
    throw error;
  }
}

async function startPublished(
  runtime: ContainerRuntime,
  options: Options,
  waysBack: readonly WayBack[],
): Promise<StartedProxy> {
  const { kind, image, name, record } = options;
  const publish = [...options.routes.keys(), options.routes.length].map((index) => FIRST_PORT + index);
  let said = '';
  for (const back of waysBack) {
    await using greeter = await startGreeter(back.listen);
    const own = PROFILES[kind === 'nginx' ? 'nginx-default' : 'haproxy'];
    const routes = [...options.routes, { to: greeter, settings: own }].map(
      ({ to, settings }): Route => ({
        to: { host: LOOPBACK.includes(to.host) ? back.host : to.host, port: to.port },
        settings,
      }),
    );
    const started = await start(runtime, options, { host: '0.0.0.0', ports: publish }, routes, publish);
    const ports = publish.map((port) => started.published.get(port) ?? port);
    const heard = () => greeter.isHeardAt(runtime.host, ports.at(-1) ?? 0);
    await waitFor(async () => started.process.exit !== undefined || (await heard()), PROXY_START_MS);
    if (started.process.exit === undefined && (await heard())) {
      record({ type: 'measure', name: PORT_PROXY, facts: { process: name } });
      return { host: runtime.host, ports: ports.slice(0, -1), [Symbol.asyncDispose]: started.stop };
    }
    said = started.process.exit ? (await notStarted(started.process)).message : `${back.host} does not lead to it`;
    await started.stop();
  }
  throw new HarnessError(
    'PROXY_START',
    `${runtime.name} runs ${image}, but from its container this machine is not reached (${said}): install ${kind}`,
  );
}

async function start(
  runtime: ContainerRuntime,
  { kind, image, name, record }: Options,
  at: { readonly host: string; readonly ports: readonly number[] },
  routes: readonly Route[],
  publish?: readonly number[],
): Promise<{ process: StartedProcess; published: ReadonlyMap<number, number>; stop(): Promise<void> }> {
  const file = `${FOLDER}/${kind}.conf`;
  const spawnedAtMs = nowMs();
  const container = await startContainer(runtime, {
    image,
    command: [kind, ...COMMANDS[kind](FOLDER, file)],
    files: { [file]: CONFIGS[kind](FOLDER, at, routes) },
    ...(publish === undefined ? { onHostNetwork: true } : { publish }),
  });
  const stop = () => container[Symbol.asyncDispose]();
  try {
    const { process } = await followContainer(runtime, container, { name, command: image, record, spawnedAtMs });
    return { process, published: container.published, stop: () => process.stop() };
  } catch (error) {
    await stop();
    throw error;
  }
}
