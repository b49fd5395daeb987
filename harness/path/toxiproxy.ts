import { type Proxy as ClientProxy, type ICreateToxicBody, type Toxic, Toxiproxy } from 'toxiproxy-node-client';
import { after } from '../clock.js';
import { HarnessError, messageOf } from '../errors.js';

/**
 * The one place that speaks to a Toxiproxy, real or embedded, and only through `toxiproxy-node-client`. What that client
 * lacks is added here: a timeout a call, the server's own error text, names that need escaping in a URL, and reading back
 * what was set, because the server ignores a misspelt attribute without a word.
 */
export type ToxicStream = 'upstream' | 'downstream';
export type ToxicAttributes = Readonly<Record<string, number>>;

export interface ToxicSpec {
  readonly type: string;
  /** Unique in the proxy; `<type>_<stream>` by default. */
  readonly name?: string;
  /** `downstream` by default: from the server to the client. */
  readonly stream?: ToxicStream;
  /** The share of connections that it acts on; 1 by default. */
  readonly toxicity?: number;
  readonly attributes?: ToxicAttributes;
}

export interface ToxicState {
  readonly type: string;
  readonly name: string;
  readonly stream: ToxicStream;
  readonly toxicity: number;
  readonly attributes: ToxicAttributes;
}

/** How the gates and a server that is in a container reach each other. */
export interface Route {
  /** Where the server listens. */
  readonly listenHost: string;
  /** Where the gates behind it listen, and by what name it finds them. */
  readonly gateHost: string;
  readonly upstreamHost: string;
  /** Its ports with those on which they are published, where nothing else of it is reached. */
  readonly published?: readonly (readonly [own: number, published: number])[];
}

export interface ProxySpec {
  readonly name: string;
  /** Loopback, or where the route says, and a free port by default. */
  readonly listen?: string;
  /** `host:port`. */
  readonly upstream: string;
}

/** A proxy that exists on the server. */
export interface ProxyHandle {
  readonly name: string;
  readonly listenHost: string;
  readonly listenPort: number;
  addToxic(spec: ToxicSpec): Promise<ToxicState>;
  updateToxic(
    name: string,
    change: { readonly attributes?: ToxicAttributes; readonly toxicity?: number },
  ): Promise<ToxicState>;
  getToxic(name: string): Promise<ToxicState>;
  removeToxic(name: string): Promise<void>;
  /** Disabling closes the listener and every connection at once. */
  setEnabled(enabled: boolean): Promise<void>;
  /** Closes every connection; those to come go there. */
  setUpstream(upstream: string): Promise<void>;
  /** False where it was gone already. */
  remove(): Promise<boolean>;
}

export interface ToxiproxyClient {
  readonly url: string;
  version(): Promise<string>;
  /** Enables every proxy, removes every toxic. */
  reset(): Promise<void>;
  createProxy(spec: ProxySpec): Promise<ProxyHandle>;
  proxyNames(): Promise<readonly string[]>;
  /** Removes those whose names begin so; the names of what was removed. */
  removeProxies(prefix: string): Promise<readonly string[]>;
}

const CALL_MS = 5000;

export interface ClientOptions {
  /** For one call. */
  readonly timeoutMs?: number;
  /** Does what can be done about a server that does not answer, and says what that was. */
  readonly onTimeout?: () => Promise<string>;
  /** To a server in a container. */
  readonly route?: Route | undefined;
}

export function createToxiproxyClient(url: string, options: ClientOptions = {}): ToxiproxyClient {
  // A trailing slash would turn the client's POSTs into GETs, by way of a redirect.
  const base = url.replace(/\/+$/, '');
  const toxiproxy = new Toxiproxy(base);
  armour(toxiproxy, options);
  return {
    url: base,
    async version() {
      const text = await toxiproxy.getVersion();
      const version = /"version":\s*"([^"]*)"/.exec(text)?.[1];
      if (version === undefined) {
        throw new HarnessError('TOXIPROXY_STRANGE', `${base}/version answers with no version: is a Toxiproxy there?`);
      }
      return version;
    },
    reset: () => toxiproxy.reset(),
    async createProxy({ name, listen, upstream }) {
      addressable(name);
      const create = (at: string) => toxiproxy.createProxy({ name, listen: at, upstream, enabled: true });
      const proxy = await (listen === undefined ? onFreePort(create, options.route) : create(listen));
      confirm(`proxy ${name}`, { name, upstream, enabled: true }, proxy.toJson());
      return handle(proxy, base, options.route);
    },
    proxyNames: async () => Object.keys(await toxiproxy.getAll()),
    async removeProxies(prefix) {
      const found = Object.entries(await toxiproxy.getAll()).filter(([name]) => name.startsWith(prefix));
      for (const [, proxy] of found) await removed(proxy);
      return found.map(([name]) => name);
    },
  };
}

/** Of published ports the first that the server gets: others work with the same server, and it alone can tell. */
async function onFreePort<T>(create: (listen: string) => Promise<T>, route: Route | undefined): Promise<T> {
  if (!route?.published) return create(`${route?.listenHost ?? '127.0.0.1'}:0`);
  for (const [port] of route.published) {
    try {
      return await create(`${route.listenHost}:${port}`);
    } catch (error) {
      if (!(error instanceof HarnessError && error.message.includes('address already in use'))) throw error;
    }
  }
  const count = route.published.length;
  throw new HarnessError('TOXIPROXY_PORTS', `all ${count} ports that Toxiproxy's container publishes are in use`);
}

function handle(proxy: ClientProxy, base: string, route: Route | undefined): ProxyHandle {
  const { name } = proxy;
  const { host, port: own } = listenAddress(proxy.listen, base);
  const port = new Map(route?.published).get(own) ?? own;
  const what = (toxic: string) => `toxic ${toxic} of proxy ${name}`;
  // Sending the resolved address back, never what was asked for first: `localhost:0` would restart the proxy elsewhere.
  let now = { listen: proxy.listen, upstream: proxy.upstream, enabled: proxy.enabled };
  const update = async (change: Partial<typeof now>) => {
    const wanted = { ...now, ...change };
    const updated = (await proxy.update(wanted)).toJson();
    confirm(`proxy ${name}`, wanted, updated);
    now = wanted;
  };
  const toxic = (which: string): Promise<Toxic<ToxicAttributes>> => proxy.getToxic<ToxicAttributes>(which);

  return {
    name,
    listenHost: host,
    listenPort: port,
    async addToxic({ type, stream = 'downstream', toxicity = 1, attributes = {}, name: own = `${type}_${stream}` }) {
      addressable(own);
      // The client's list of types includes `down`, which no server has, and lacks `noop`: the server judges.
      const body = { type, stream, toxicity, attributes, name: own } as ICreateToxicBody<ToxicAttributes>;
      await proxy.addToxic(body);
      const state = stateOf(await toxic(own));
      try {
        confirm(what(own), { type, stream, toxicity: Math.fround(toxicity) }, rounded(state));
        confirm(what(own), attributes, state.attributes);
      } catch (error) {
        // Not to leave behind a toxic that does something else than was asked for.
        await (await toxic(own)).remove();
        throw error;
      }
      return state;
    },
    async updateToxic(which, { attributes = {}, toxicity }) {
      const before = await toxic(which);
      const body = { ...before.toJson(), attributes, toxicity: toxicity ?? before.toxicity };
      await before.update(body);
      const state = stateOf(await toxic(which));
      confirm(what(which), attributes, state.attributes);
      confirm(what(which), { toxicity: Math.fround(body.toxicity) }, rounded(state));
      return state;
    },
    getToxic: async (which) => stateOf(await toxic(which)),
    async removeToxic(which) {
      await (await toxic(which)).remove();
    },
    setEnabled: (enabled) => update({ enabled }),
    setUpstream: (upstream) => update({ upstream }),
    remove: () => removed(proxy),
  };
}

async function removed(proxy: ClientProxy): Promise<boolean> {
  try {
    await proxy.remove();
    return true;
  } catch (error) {
    if (error instanceof HarnessError && error.message.includes('proxy not found')) return false;
    throw error;
  }
}

/** Puts our own transport under the client: its four public calls, on this instance only. */
function armour(toxiproxy: Toxiproxy, { timeoutMs = CALL_MS, onTimeout }: ClientOptions): void {
  const api = toxiproxy.getApi();
  const call = async (method: string, url: string, body?: unknown): Promise<string> => {
    const path = escapePath(url.slice(toxiproxy.host.length));
    const where = `${method} ${toxiproxy.host}${path}`;
    const abort = new AbortController();
    using _ = after(timeoutMs, () => abort.abort());
    let status: number;
    let text: string;
    try {
      // A fresh connection a call: a pooled one that the server closes at that moment fails a call for nothing.
      const headers = { connection: 'close', 'content-type': 'application/json' };
      const init = body === undefined ? {} : { body: JSON.stringify(body) };
      const response = await fetch(`${toxiproxy.host}${path}`, { method, headers, signal: abort.signal, ...init });
      status = response.status;
      text = await response.text();
    } catch (cause) {
      if (abort.signal.aborted) {
        const done = onTimeout ? `; ${await onTimeout()}` : '';
        const text = `Toxiproxy did not answer ${where} within ${timeoutMs} ms${done}`;
        throw new HarnessError('TOXIPROXY_TIMEOUT', text, { cause });
      }
      const why = cause instanceof Error && cause.cause ? messageOf(cause.cause) : messageOf(cause);
      throw new HarnessError('TOXIPROXY_UNREACHABLE', `Toxiproxy could not be reached at ${where}: ${why}`, { cause });
    }
    if (status >= 200 && status < 300) return text;
    throw new HarnessError('TOXIPROXY_REFUSED', `Toxiproxy refused ${where} with ${status}: ${errorText(text)}`);
  };
  const parsed = async <T>(method: string, url: string, body?: unknown) => {
    const text = await call(method, url, body);
    return { data: (text === '' ? undefined : JSON.parse(text)) as T };
  };
  api.get = <T>(url: string) => parsed<T>('GET', url);
  api.post = <T>(url: string, body?: unknown) => parsed<T>('POST', url, body);
  api.delete = async (url) => {
    await call('DELETE', url);
  };
  api.getText = (url) => call('GET', url);
}

/** The client puts names into its paths as they are. */
function escapePath(path: string): string {
  return path
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/');
}

function errorText(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed && 'error' in parsed) return String(parsed.error);
  } catch {
    // Not JSON: the text says it.
  }
  return body.trim() || 'no reason given';
}

/** A name with a slash can be created, but never addressed again. */
function addressable(name: string): void {
  if (name === '' || name.includes('/') || name === '.' || name === '..') {
    throw new HarnessError(
      'TOXIPROXY_NAME',
      `"${name}" cannot be the name of a proxy or toxic: it cannot be put in a path`,
    );
  }
}

function confirm(what: string, asked: object, got: object): void {
  const found = new Map(Object.entries(got));
  for (const [key, value] of Object.entries(asked)) {
    if (found.get(key) === value) continue;
    const has = found.has(key)
      ? `${key} ${String(found.get(key))}`
      : `no ${key} (it has ${[...found.keys()].join(', ')})`;
    throw new HarnessError('TOXIPROXY_READBACK', `${what} was asked to have ${key} ${String(value)} and has ${has}`);
  }
}

function stateOf({ type, name, stream, toxicity, attributes }: Toxic<ToxicAttributes>): ToxicState {
  return { type, name, stream, toxicity, attributes };
}

/** The server keeps toxicity as a float32. */
function rounded(state: ToxicState): ToxicState {
  return { ...state, toxicity: Math.fround(state.toxicity) };
}

/** Where a client connects to: a listener on every address is reached where the API is. */
function listenAddress(listen: string, base: string): { readonly host: string; readonly port: number } {
  const colon = listen.lastIndexOf(':');
  const host = listen.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(listen.slice(colon + 1));
  if (host !== '::' && host !== '0.0.0.0' && host !== '') return { host, port };
  const { hostname } = new URL(base);
  return { host: hostname === 'localhost' ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, ''), port };
}
