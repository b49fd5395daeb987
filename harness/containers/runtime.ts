import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { ContainerRuntimeClient } from 'testcontainers';
import { after, within } from '../clock.js';
import { HarnessError, messageOf } from '../errors.js';

/** What runs containers on this machine: Docker, or Podman behind the same API. */
export interface ContainerRuntime {
  readonly client: ContainerRuntimeClient;
  /** "Docker 20.10.24", for messages. */
  readonly name: string;
  /** Where ports are published, as seen from here. */
  readonly host: string;
}

export interface NoRuntime {
  readonly reason: string;
}

const LOOK_MS = 5000;

let found: Promise<ContainerRuntime | NoRuntime> | undefined;

/** The runtime of DOCKER_HOST, else of the usual sockets; or why there is none. Looked for once. */
export function findRuntime(): Promise<ContainerRuntime | NoRuntime> {
  found ??= look();
  return found;
}

export async function needRuntime(): Promise<ContainerRuntime> {
  const runtime = await findRuntime();
  if ('client' in runtime) return runtime;
  throw new HarnessError('NO_CONTAINERS', `no containers can be run here: ${runtime.reason}`);
}

/** Whether the image is on this machine. It is never pulled: what a run downloads is for its user to say. */
export async function hasImage({ client }: ContainerRuntime, image: string): Promise<boolean> {
  return client.container.dockerode
    .getImage(image)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}

/** Whether a container of it can be started here and now. */
export async function imageIsHere(image: string): Promise<boolean> {
  if (!mayHaveRuntime()) return false;
  const runtime = await findRuntime();
  return 'client' in runtime && (await hasImage(runtime, image));
}

/** No socket, no DOCKER_HOST: nothing to load a library for. */
export function mayHaveRuntime(): boolean {
  return process.env.DOCKER_HOST !== undefined || sockets().some(existsSync);
}

/** Loaded when it is used: it takes half a second, and most runs have no container. */
export function testcontainers(): typeof import('testcontainers') {
  return require('testcontainers');
}

async function look(): Promise<ContainerRuntime | NoRuntime> {
  const at = process.env.DOCKER_HOST ?? sockets().find(existsSync);
  if (at === undefined) return { reason: 'there is no DOCKER_HOST and no socket of Docker (/var/run/docker.sock)' };
  const closed = await whyClosed(at.replace(/^unix:\/\//, ''));
  if (closed !== undefined) return { reason: `${at} cannot be used (${closed}): start Docker, or set DOCKER_HOST` };
  try {
    const { getContainerRuntimeClient } = testcontainers();
    // Where there is a /.dockerenv it would pull an image, to ask that for the way to the host.
    const outer = process.env.TESTCONTAINERS_HOST_OVERRIDE;
    const remote = /^(?:tcp|https?):\/\/([^:/]+)/.exec(at)?.[1];
    const host = outer ?? remote ?? '127.0.0.1';
    process.env.TESTCONTAINERS_HOST_OVERRIDE = host;
    try {
      const client = await within(`the answer of ${at}`, LOOK_MS, getContainerRuntimeClient());
      const { Components = [], Version } = await client.container.dockerode.version();
      leaveOutUnpublished(client);
      const isPodman = (Components as readonly { Name?: string }[]).some(({ Name }) => /podman/i.test(Name ?? ''));
      return { client, name: `${isPodman ? 'Podman' : 'Docker'} ${Version}`, host };
    } finally {
      if (outer === undefined) delete process.env.TESTCONTAINERS_HOST_OVERRIDE;
    }
  } catch (error) {
    return { reason: `${at} does not answer as Docker does: ${messageOf(error)}` };
  }
}

/**
 * Podman lists what an image exposes among the bindings, bound to nothing, also where nothing is published; testcontainers would wait
 * 10 s for such a port to be bound, and give up.
 */
function leaveOutUnpublished({ container }: ContainerRuntimeClient): void {
  const inspect = container.inspect.bind(container);
  container.inspect = async (one) => {
    const seen = await inspect(one);
    const bindings = Object.entries<unknown>(seen.HostConfig.PortBindings ?? {});
    seen.HostConfig.PortBindings = Object.fromEntries(bindings.filter(([, bound]) => bound !== null));
    return seen;
  };
}

/** Where testcontainers looks too, in its order. */
function sockets(): string[] {
  if (process.platform === 'win32') return ['//./pipe/docker_engine'];
  const run = process.env.XDG_RUNTIME_DIR;
  return [
    '/var/run/docker.sock',
    ...(run === undefined ? [] : [join(run, 'docker.sock')]),
    join(homedir(), '.docker/run/docker.sock'),
    join(homedir(), '.docker/desktop/docker.sock'),
    `/run/user/${userInfo().uid}/docker.sock`,
  ];
}

/** Why nobody answers at this path; undefined where somebody does, or it is no path. */
function whyClosed(path: string): Promise<string | undefined> {
  if (path.includes('://')) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const socket = connect({ path });
    const settle = (why: string | undefined) => {
      timer[Symbol.dispose]();
      socket.destroy();
      resolve(why);
    };
    const timer = after(LOOK_MS, () => settle('it does not answer'));
    socket.once('connect', () => settle(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
  });
}
