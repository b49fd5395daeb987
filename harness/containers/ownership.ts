import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { processStartTime } from '../target/process-table.js';
import type { ContainerRuntime } from './runtime.js';

/**
 * A container is no child of ours: nothing of the kernel's ends it with us. So each carries who started it, and one whose
 * owner is gone is a leftover.
 */
const OWNER = 'holdfast.owner';
const MACHINE = 'holdfast.machine';

export interface StrayContainer {
  readonly id: string;
  readonly image: string;
}

export function ownerLabels(): Readonly<Record<string, string>> {
  return { [OWNER]: `${process.pid} ${processStartTime(process.pid) ?? ''}`, [MACHINE]: machine() };
}

/** Containers of runs of this machine whose process lives no more. */
export async function strayContainers({ client }: ContainerRuntime): Promise<StrayContainer[]> {
  const filters = { label: [OWNER, `${MACHINE}=${machine()}`] };
  const ours = await client.container.dockerode.listContainers({ all: true, filters });
  return ours
    .filter(({ Labels }) => {
      const [pid, startTime] = (Labels[OWNER] ?? '').split(' ').map(Number);
      return pid === undefined || processStartTime(pid) !== startTime;
    })
    .map(({ Id, Image }) => ({ id: Id, image: Image }));
}

/** Ends it at once. One that is gone already is no error. */
export async function removeContainer({ client }: ContainerRuntime, id: string): Promise<void> {
  try {
    await client.container.getById(id).remove({ force: true, v: true });
  } catch (error) {
    // 404: gone; 409: being removed by somebody else.
    if (![404, 409].includes((error as { readonly statusCode?: number }).statusCode ?? 0)) throw error;
  }
}

/** Whoever shares the runtime with us from within another container has process numbers of its own. */
function machine(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}
