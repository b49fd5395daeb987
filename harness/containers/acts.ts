import { HarnessError, messageOf } from '../errors.js';
import type { RunningContainer } from './container.js';
import type { ContainerRuntime } from './runtime.js';

/** What the runtime does to a container as a whole. */
export interface ContainerActs {
  /** All its processes stand still, and those that they were about to start. */
  pause(): Promise<void>;
  unpause(): Promise<void>;
  /** Off its networks, of which it is told nothing; resolves to how many they were. */
  leaveNetworks(): Promise<number>;
  /** Back on them, as somebody with another address. */
  joinNetworks(): Promise<void>;
}

export function actsOn({ client }: ContainerRuntime, { handle }: RunningContainer): ContainerActs {
  const { dockerode } = client.container;
  let left: readonly string[] = [];
  const told = async <T>(what: string, act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (cause) {
      throw new HarnessError('CONTAINER', `the container could not be ${what}: ${messageOf(cause)}`, { cause });
    }
  };
  return {
    pause: () => told('paused', () => handle.pause()),
    unpause: () => told('woken', () => handle.unpause()),
    leaveNetworks: () =>
      told('cut from its network', async () => {
        left = Object.values((await handle.inspect()).NetworkSettings.Networks).map(({ NetworkID }) => NetworkID);
        for (const id of left) await dockerode.getNetwork(id).disconnect({ Container: handle.id });
        return left.length;
      }),
    joinNetworks: () =>
      told('brought back to its network', async () => {
        for (const id of left) await dockerode.getNetwork(id).connect({ Container: handle.id });
        left = [];
      }),
  };
}
