import type { Record_ } from '../contract.js';
import type { Address } from '../scenario.js';
import type { FoundProxy } from './find-proxy.js';
import { startContainedProxy } from './proxy-container.js';
import type { ProxySettings } from './proxy-profiles.js';
import { startProxyProgram } from './proxy-program.js';

/** A way through a proxy, with settings of its own. */
export interface Route {
  readonly to: Address;
  readonly settings: ProxySettings;
}

/** A real proxy with a private config; disposing it stops it and removes what it wrote. */
export interface StartedProxy extends AsyncDisposable {
  readonly host: string;
  /** Where each route begins, in their order. */
  readonly ports: readonly number[];
}

export interface ProxyOptions {
  readonly name: string;
  readonly routes: readonly Route[];
  readonly record: Record_;
}

export async function startProxy(options: ProxyOptions & { readonly by: FoundProxy }): Promise<StartedProxy> {
  const { by, ...others } = options;
  return 'image' in by ? startContainedProxy({ ...others, ...by }) : startProxyProgram({ ...others, ...by });
}
