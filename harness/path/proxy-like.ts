import type { Record_ } from '../contract.js';
import { HarnessError } from '../errors.js';
import { findProxy, type ProxyKind } from './find-proxy.js';
import { openMiddlebox } from './middlebox.js';
import type { ProxySettings } from './proxy-profiles.js';
import { startProxy } from './real-proxy.js';

/** One proxy before several servers. */
export interface ProxyLike extends AsyncDisposable {
  readonly by: ProxyKind | 'ours';
  readonly host: string;
  /** Where the way to each server begins, in their order. */
  readonly ports: readonly number[];
}

/** A real proxy with these settings where this machine has one that starts, else ours. */
export async function openProxyLike(options: {
  readonly settings: ProxySettings;
  readonly name: string;
  readonly to: readonly { readonly host: string; readonly port: number }[];
  readonly record: Record_;
  /** The run's `--engine`. */
  readonly engine: string;
}): Promise<ProxyLike> {
  const { settings, name, to, record, engine } = options;
  const kind = settings.kind === 'cloudflare' ? undefined : settings.kind;
  const by = kind && (await findProxy(kind, engine));
  if (by) {
    const routes = to.map(({ host, port }) => ({ to: { host, port }, settings }));
    const real = await startProxy({ by, name, routes, record }).catch((error: unknown) => {
      if (error instanceof HarnessError && ['PROXY_START', 'CONTAINER'].includes(error.code)) return undefined;
      throw error;
    });
    if (real) {
      const { host, ports } = real;
      return { by: by.kind, host, ports, [Symbol.asyncDispose]: () => real[Symbol.asyncDispose]() };
    }
  }
  const own = await Promise.all(to.map((upstream) => openMiddlebox({ upstream, settings })));
  return {
    by: 'ours',
    host: '127.0.0.1',
    ports: own.map(({ port }) => port),
    [Symbol.asyncDispose]: async () => {
      for (const one of own) await one[Symbol.asyncDispose]();
    },
  };
}
