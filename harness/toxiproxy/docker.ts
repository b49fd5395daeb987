import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { until, waitFor, within } from '../clock.js';
import { type RunningContainer, startContainer } from '../containers/container.js';
import { removeContainer, strayContainers } from '../containers/ownership.js';
import { type ContainerRuntime, needRuntime } from '../containers/runtime.js';
import { HarnessError } from '../errors.js';
import { createToxiproxyClient, type ProxyHandle, type Route } from '../path/toxiproxy.js';
import type { ServerProcess } from './server-process.js';

export const IMAGE = 'ghcr.io/shopify/toxiproxy:2.12.0';

const API_PORT = 8474;
/** A run has a proxy a scenario, and some twenty scenarios, of which a dozen need one at a time. */
const PORTS = Array.from({ length: 32 }, (_, index) => 8666 + index);
const READY_MS = 15_000;
/** An address that is routed at all answers at once; a firewall may swallow what it does not like. */
const DIRECT_MS = 3000;
const BACK_MS = 2000;

/**
 * A real server in a container. Where this machine has an address in the container's network (Docker on Linux), both ways are
 * direct; else its ports are published, and the runtime's forwarder stands in between:
 *
 *   near gate -> 172.17.0.2 (toxiproxy) -> 172.17.0.1 (far gate)
 *   near gate -> 127.0.0.1, published -> toxiproxy -> host.docker.internal -> 127.0.0.1 (far gate)
 */
export async function startDockerServer(ports: 'direct' | 'published' | 'either' = 'either'): Promise<ServerProcess> {
  const runtime = await needRuntime();
  for (const { id } of await strayContainers(runtime)) await removeContainer(runtime, id);
  const direct = ports === 'published' ? undefined : await startDirect(runtime);
  if (direct) return direct;
  if (ports === 'direct')
    throw new HarnessError('ENGINE', 'the container of Toxiproxy has no address that answers here');
  return startPublished(runtime);
}

async function startDirect(runtime: ContainerRuntime): Promise<ServerProcess | undefined> {
  const container = await startContainer(runtime, { image: IMAGE });
  const { address, beside } = container;
  const url = `http://${address}:${API_PORT}`;
  if (address !== undefined && beside !== undefined && (await waitFor(() => answers(url), DIRECT_MS, { stepMs: 50 }))) {
    const route = await wayBack(url, { listenHost: address, gateHost: beside, upstreamHost: beside });
    if (route) return serverOf(container, url, route);
  }
  await container[Symbol.asyncDispose]();
  return undefined;
}

async function startPublished(runtime: ContainerRuntime): Promise<ServerProcess> {
  const container = await startContainer(runtime, { image: IMAGE, publish: [API_PORT, ...PORTS] });
  try {
    const url = `http://${runtime.host}:${container.published.get(API_PORT)}`;
    const seen = () => `nothing at ${url}`;
    await until(`the container of ${IMAGE} answers`, () => answers(url), READY_MS, { stepMs: 50, seen });
    const published = PORTS.map((port) => [port, container.published.get(port) ?? 0] as const);
    const back = [
      ...(container.beside === undefined ? [] : [{ gateHost: container.beside, upstreamHost: container.beside }]),
      // Docker Desktop and Podman machines lead these to the loopback of the machine that they run on.
      { gateHost: '127.0.0.1', upstreamHost: 'host.docker.internal' },
      { gateHost: '127.0.0.1', upstreamHost: 'host.containers.internal' },
    ];
    for (const one of back) {
      const route = await wayBack(url, { listenHost: '0.0.0.0', published, ...one });
      if (route) return serverOf(container, url, route);
    }
    const tried = back.map(({ upstreamHost }) => upstreamHost).join(', ');
    throw new HarnessError(
      'ENGINE',
      `${runtime.name} runs Toxiproxy, but from its container this machine is not reached (tried ${tried}): let it through the firewall, or use --engine toxiproxy or embedded`,
    );
  } catch (error) {
    await container[Symbol.asyncDispose]();
    throw error;
  }
}

function serverOf(container: RunningContainer, url: string, route: Route): ServerProcess {
  return { url, pid: container.pid, route, [Symbol.asyncDispose]: () => container[Symbol.asyncDispose]() };
}

function answers(url: string): Promise<boolean> {
  return createToxiproxyClient(url, { timeoutMs: 1000 })
    .version()
    .then(
      () => true,
      () => false,
    );
}

/** The route, if what is said through a proxy there comes from a listener of this machine. */
async function wayBack(url: string, route: Route): Promise<Route | undefined> {
  const greeting = 'holdfast';
  const listener = createServer((socket) => socket.on('error', () => undefined).end(greeting));
  let proxy: ProxyHandle | undefined;
  try {
    listener.listen(0, route.gateHost);
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    const client = createToxiproxyClient(url, { route });
    proxy = await client.createProxy({ name: 'way-back', upstream: `${route.upstreamHost}:${port}` });
    const socket = connect(proxy.listenPort, proxy.listenHost);
    try {
      const said = await within('the way back', BACK_MS, text(socket));
      return said === greeting ? route : undefined;
    } finally {
      socket.destroy();
    }
  } catch {
    return undefined;
  } finally {
    await proxy?.remove();
    listener.close();
  }
}
