import { imageIsHere, mayHaveRuntime } from '../containers/runtime.js';
import { HarnessError } from '../errors.js';
import { findProgram, isRequired } from '../programs.js';
import { insideNamespace } from '../target/namespace.js';

export const PROXIES = ['nginx', 'haproxy'] as const;
export type ProxyKind = (typeof PROXIES)[number];

/** A real proxy that can be started here: its program, or its image. */
export type FoundProxy = { readonly kind: ProxyKind } & ({ readonly program: string } | { readonly image: string });

/** nginx as in docker-compose.yml; HAProxy as it was measured (2.6). */
export const PROXY_IMAGES: Readonly<Record<ProxyKind, string>> = {
  nginx: 'nginx:1.27-alpine',
  haproxy: 'haproxy:2.6-alpine',
};

/**
 * The program on the PATH, else the image where that is on this machine already; with `--engine docker` the image before the
 * program. Undefined where there is neither; where HOLDFAST_REQUIRE asks for it that is an error.
 */
export async function findProxy(kind: ProxyKind, engine: string): Promise<FoundProxy | undefined> {
  const program = findProgram(kind);
  const image = PROXY_IMAGES[kind];
  const wanted = (engine === 'docker' || program === undefined) && !insideNamespace();
  if (wanted && (await imageIsHere(image))) return { kind, image };
  if (program !== undefined) return { kind, program };
  if (isRequired(kind)) throw new HarnessError('NO_PROXY', `HOLDFAST_REQUIRE asks for ${kind}, and ${noProxy(kind)}`);
  return undefined;
}

/** Why it was not found, and what to do. */
export function noProxy(kind: ProxyKind): string {
  const pull = mayHaveRuntime() ? `, or docker pull ${PROXY_IMAGES[kind]}` : '';
  return `there is no ${kind} on this machine: install it${pull}`;
}
