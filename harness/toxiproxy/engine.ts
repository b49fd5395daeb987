import { HarnessError } from '../errors.js';
import { createToxiproxyClient, type Route, type ToxiproxyClient } from '../path/toxiproxy.js';
import type { ServerProcess } from './server-process.js';

/** The server of a run, real or embedded. Disposing stops it where it is ours. */
export interface Engine extends AsyncDisposable {
  readonly kind: 'toxiproxy' | 'docker' | 'embedded';
  readonly version: string;
  /** These two change with a `restart`. A call of this client that times out restarts a private server, and says so. */
  readonly url: string;
  readonly client: ToxiproxyClient;
  /** Replaces a server that wedges; every proxy is gone then. Only where it is private. */
  restart(): Promise<void>;
  /** A server to work with in another process, looked at first: one that no longer answers is replaced. */
  lease(): Promise<EngineLease>;
}

/** While it lasts, its server is not killed: a second user of a wedged server must not see its connections cut. */
export interface EngineLease extends AsyncDisposable {
  readonly url: string;
  /** Where the server is in a container. */
  readonly route?: Route | undefined;
  /** A call timed out: those who come later get another server. False where it is not ours to replace. */
  reportWedged(): Promise<boolean>;
}

interface Tenancy {
  readonly server: ServerProcess;
  readonly client: ToxiproxyClient;
  leases: number;
  retired: boolean;
}

export async function openUrl(url: string): Promise<Engine> {
  const client = createToxiproxyClient(url);
  const version = await client.version();
  return {
    kind: 'toxiproxy',
    version,
    url: client.url,
    client,
    restart() {
      throw new HarnessError('ENGINE', `the Toxiproxy at ${url} is not ours to restart: restart it by hand`);
    },
    lease: async () => ({
      url: client.url,
      reportWedged: async () => false,
      [Symbol.asyncDispose]: async () => undefined,
    }),
    // Not ours to stop; the handles' own disposal removes what was made there.
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/**
 * A server of our own, in a process or container of its own. One that wedges (TOXIPROXY.md 2.8: a toxic removed under a stalled reader can
 * freeze the original for good) is replaced at once, and killed as soon as nobody else works with it.
 */
export async function openPrivate(kind: Engine['kind'], start: () => Promise<ServerProcess>): Promise<Engine> {
  const running = new Set<Tenancy>();

  const begin = async (): Promise<Tenancy> => {
    const server = await start();
    const onTimeout = async () => {
      await replace(tenancy);
      return 'this private server is killed and replaced, and its proxies are gone';
    };
    const client = createToxiproxyClient(server.url, { onTimeout, route: server.route });
    const tenancy: Tenancy = { server, client, leases: 0, retired: false };
    running.add(tenancy);
    return tenancy;
  };
  const end = async (tenancy: Tenancy) => {
    if (running.delete(tenancy)) await tenancy.server[Symbol.asyncDispose]();
  };
  const replace = async (old: Tenancy): Promise<void> => {
    if (!old.retired) {
      old.retired = true;
      current = begin().then((next) => {
        latest = next;
        return next;
      });
      // Told below, to whoever wants another server.
      current.catch(() => undefined);
      if (old.leases === 0) await end(old);
    }
    await current;
  };
  /** By the call that the original does not answer once it is wedged; `/version` it always does. */
  const answers = ({ server }: Tenancy) =>
    createToxiproxyClient(server.url)
      .proxyNames()
      .then(
        () => true,
        () => false,
      );
  const letGo = async (tenancy: Tenancy) => {
    tenancy.leases -= 1;
    if (tenancy.retired && tenancy.leases === 0) await end(tenancy);
  };
  const take = async (): Promise<Tenancy> => {
    const tenancy = await current;
    tenancy.leases += 1;
    return tenancy;
  };

  let latest = await begin();
  let current = Promise.resolve(latest);
  const version = await latest.client.version();
  return {
    kind,
    version,
    get url() {
      return latest.server.url;
    },
    get client() {
      return latest.client;
    },
    restart: () => replace(latest),
    async lease() {
      let tenancy = await take();
      if (!(await answers(tenancy))) {
        const wedged = tenancy;
        await replace(wedged);
        tenancy = await take();
        await letGo(wedged);
      }
      let over = false;
      return {
        url: tenancy.server.url,
        route: tenancy.server.route,
        async reportWedged() {
          await replace(tenancy);
          return true;
        },
        async [Symbol.asyncDispose]() {
          if (over) return;
          over = true;
          await letGo(tenancy);
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await current.catch(() => undefined);
      for (const tenancy of running) await end(tenancy);
    },
  };
}
