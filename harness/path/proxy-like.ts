import type { Record_ } from '../contract.js';
import { HarnessError } from '../errors.js';
import { openMiddlebox } from './middlebox.js';
import type { ProxySettings } from './proxy-profiles.js';
import { findProxy, type ProxyKind, startProxy } from './real-proxy.js';

/** One proxy before several servers. */
export interface ProxyLike extends AsyncDisposable {
  readonly by: ProxyKind | 'ours';
  /** Where the way to each server begins, on 127.0.0.1, in their order. */
  readonly ports: readonly number[];
}

/** A real proxy with these settings where this machine has one that starts, else ours. */
export async function openProxyLike(options: {
  readonly settings: ProxySettings;
  readonly name: string;
  readonly to: readonly { readonly host: string; readonly port: number }[];
  readonly record: Record_;
}): Promise<ProxyLike> {
  const { settings, name, to, record } = options;
  const kind = settings.kind === 'cloudflare' ? undefined : settings.kind;
  const program = kind && findProxy(kind);
  if (kind && program !== undefined) {
    const routes = to.map(({ host, port }) => ({ to: { host, port }, settings }));
    const real = await startProxy({ kind, program, name, routes, record }).catch((error: unknown) => {
      if (error instanceof HarnessError && error.code === 'PROXY_START') return undefined;
      throw error;
    });
    if (real) return { by: kind, ports: real.ports, [Symbol.asyncDispose]: () => real[Symbol.asyncDispose]() };
  }
  const own = await Promise.all(to.map((upstream) => openMiddlebox({ upstream, settings })));
  return {
    by: 'ours',
    ports: own.map(({ port }) => port),
    [Symbol.asyncDispose]: async () => {
      for (const one of own) await one[Symbol.asyncDispose]();
    },
  };
}
