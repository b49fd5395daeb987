import { BlockList, isIP } from 'node:net';
import { constants, networkInterfaces } from 'node:os';
import { HarnessError, messageOf } from '../errors.js';
import { startReaper, tellReaperOfContainer } from '../target/reaper.js';
import { ownerLabels, removeContainer } from './ownership.js';
import { type ContainerRuntime, hasImage, testcontainers } from './runtime.js';

export interface ContainerSettings {
  readonly image: string;
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Published on free ports of loopback, which the runtime takes: nobody can come in between. */
  readonly publish?: readonly number[];
  /** On the network of the machine that the runtime is on, in place of one of its own. */
  readonly onHostNetwork?: true;
  /** By path: what stands in files of it, for all to read. */
  readonly files?: Readonly<Record<string, string>>;
  readonly openFiles?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A container of ours. Disposing removes it; so does the reaper, where we are killed. */
export interface RunningContainer extends AsyncDisposable {
  readonly handle: ReturnType<ContainerRuntime['client']['container']['getById']>;
  /** Its own address; undefined where it has none (host network, rootless Podman). */
  readonly address: string | undefined;
  /** An address of this machine on the container's network: there the two reach each other without anything in between. */
  readonly beside: string | undefined;
  /** By the container's port: where it is published on `ContainerRuntime.host`. */
  readonly published: ReadonlyMap<number, number>;
  /** The two as they are now: who left its network and is back may be elsewhere. */
  placed(): Promise<Pick<RunningContainer, 'address' | 'published'>>;
  /** Of its first process, in this machine's numbers where it is on this machine. */
  readonly pid: number;
  /** The image's own. */
  readonly stopSignal: NodeJS.Signals | undefined;
}

export async function startContainer(
  runtime: ContainerRuntime,
  settings: ContainerSettings,
): Promise<RunningContainer> {
  const { image, command, env, publish = [], onHostNetwork, files = {}, openFiles, labels } = settings;
  if (!(await hasImage(runtime, image))) {
    throw new HarnessError('NO_IMAGE', `the image ${image} is not on this machine: docker pull ${image}`);
  }
  const { GenericContainer } = testcontainers();
  let id: string | undefined;
  class OwnContainer extends GenericContainer {
    /** Others than this machine have no business there. */
    protected override async beforeContainerCreated(): Promise<void> {
      const bindings: Record<string, readonly { HostPort: string }[]> = this.hostConfig.PortBindings ?? {};
      for (const binding of Object.values(bindings).flat()) Object.assign(binding, { HostIp: '127.0.0.1' });
    }
    protected override async containerCreated(created: string): Promise<void> {
      id = created;
      tellReaperOfContainer(created);
    }
  }
  // Its own cleaner would be one more image to pull.
  const container = new OwnContainer(image)
    .withAutoCleanup(false)
    .withLabels({ ...ownerLabels(), ...labels })
    .withExposedPorts(...publish)
    .withEnvironment({ ...env })
    // What is ready is seen from outside: an image may have no shell to look from within.
    .withWaitStrategy(atOnce);
  const contents = Object.entries(files).map(([target, content]) => ({ target, content, mode: 0o644 }));
  if (contents.length > 0) container.withCopyContentToContainer(contents);
  if (onHostNetwork) container.withNetworkMode('host');
  if (command) container.withCommand([...command]);
  if (openFiles !== undefined) container.withUlimits({ nofile: { soft: openFiles, hard: openFiles } });
  startReaper();
  const remove = async () => {
    if (id !== undefined) await removeContainer(runtime, id);
  };
  try {
    const started = await container.start();
    const handle = runtime.client.container.getById(started.getId());
    const placed = async () => placeIn((await handle.inspect()).NetworkSettings, publish);
    const { address, published } = await placed();
    const { State, Config } = await handle.inspect();
    const { StopSignal } = Config as { readonly StopSignal?: string };
    return {
      handle,
      address,
      beside: address === undefined ? undefined : localAddressBeside(address),
      published,
      placed,
      pid: State.Pid,
      stopSignal: StopSignal !== undefined && isSignal(StopSignal) ? StopSignal : undefined,
      [Symbol.asyncDispose]: remove,
    };
  } catch (cause) {
    await remove();
    throw new HarnessError('CONTAINER', `the image ${image} could not be started: ${messageOf(cause)}`, { cause });
  }
}

interface Networking {
  readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>;
  readonly Ports: Readonly<Record<string, readonly { readonly HostPort: string }[] | null>>;
}

function placeIn({ Networks, Ports }: Networking, publish: readonly number[]) {
  const address = Object.values(Networks)
    .map(({ IPAddress }) => IPAddress)
    .find((ip) => isIP(ip) !== 0);
  const at = (port: number) => Number(Ports[`${port}/tcp`]?.[0]?.HostPort ?? port);
  return { address, published: new Map(publish.map((port) => [port, at(port)])) };
}

const atOnce = {
  waitUntilReady: async () => undefined,
  withStartupTimeout: () => atOnce,
  isStartupTimeoutSet: () => false,
  getStartupTimeout: () => 0,
};

function isSignal(name: string): name is NodeJS.Signals {
  return name in constants.signals;
}

/** The address that this machine has in the network of another. */
function localAddressBeside(address: string): string | undefined {
  return Object.values(networkInterfaces())
    .flat()
    .find((own) => {
      if (own?.cidr == null || own.internal || own.family !== 'IPv4') return false;
      const subnet = new BlockList();
      subnet.addSubnet(own.address, Number(own.cidr.split('/')[1]));
      return subnet.check(address);
    })?.address;
}
