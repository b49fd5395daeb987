import { removeContainer, strayContainers } from '../containers/ownership.js';
import { findRuntime, hasImage, imageIsHere, mayHaveRuntime } from '../containers/runtime.js';
import { messageOf } from '../errors.js';
import { PROXIES, PROXY_IMAGES, type ProxyKind } from '../path/find-proxy.js';
import { findProgram } from '../programs.js';
import { IMAGE } from '../toxiproxy/docker.js';
import type { Finding } from './doctor.js';

/** Whether `--engine docker` works here, and what former runs left there. */
export async function containers(clean: boolean): Promise<Finding[]> {
  const runtime = await findRuntime();
  const name = 'docker';
  if (!('client' in runtime)) return [{ name, state: 'absent', text: `${runtime.reason}: no --engine docker` }];
  const offered: Finding = (await hasImage(runtime, IMAGE))
    ? { name, state: 'ok', text: `${runtime.name}, with ${IMAGE}: ready for --engine docker` }
    : {
        name,
        state: 'absent',
        text: `${runtime.name} without the image: docker pull ${IMAGE} (nothing is pulled for you)`,
      };
  const strays = await strayContainers(runtime);
  if (strays.length === 0) return [offered];
  const told = strays.map(({ id, image }) => `${id.slice(0, 12)} (${image})`).join(', ');
  const left = 'left containers';
  if (!clean) return [offered, { name: left, state: 'absent', text: `${told}: holdfast doctor --clean removes them` }];
  const removed = await Promise.allSettled(strays.map(({ id }) => removeContainer(runtime, id)));
  const refused = removed.find((one) => one.status === 'rejected');
  return [
    offered,
    refused === undefined
      ? { name: left, state: 'ok', text: `removed ${told}` }
      : { name: left, state: 'absent', text: `could not remove all of ${told}: ${messageOf(refused.reason)}` },
  ];
}

/** nginx and HAProxy, as programs or as images. */
export function proxies(): Promise<Finding[]> {
  return Promise.all(PROXIES.map(proxy));
}

async function proxy(name: ProxyKind): Promise<Finding> {
  const program = findProgram(name);
  const image = PROXY_IMAGES[name];
  const here = await imageIsHere(image);
  if (program !== undefined) {
    return { name, state: 'ok', text: here ? `${program}; its image ${image} with --engine docker` : program };
  }
  if (here) return { name, state: 'ok', text: `its image ${image}: it is not on the PATH` };
  const pull = mayHaveRuntime() ? `, and its image is not here: docker pull ${image} (nothing is pulled for you)` : '';
  return { name, state: 'absent', text: `not on the PATH${pull}` };
}
