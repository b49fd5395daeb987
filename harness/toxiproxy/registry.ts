import type { Random } from '../random.js';
import { ApiError, badBody, booleanField, decode, parseBody, stringField } from './decode.js';
import type { Json } from './json.js';
import type { LinkOptions } from './link.js';
import { StreamProxy, type Tally } from './proxy.js';

export interface ProxyInput {
  name: string;
  listen: string;
  upstream: string;
  enabled: boolean;
}

export interface Populated {
  readonly done: readonly StreamProxy[];
  readonly error?: unknown;
}

/** The proxies of one server, by name. What changes them runs one at a time; connections are nobody's business here. */
export class Registry {
  private readonly proxies = new Map<string, StreamProxy>();
  private queue: Promise<unknown> = Promise.resolve();
  private made = 0;

  constructor(
    private readonly random: Random,
    private readonly options: LinkOptions,
    private readonly tally: Tally,
  ) {}

  /** Sorted by name, bytewise. */
  all(): readonly StreamProxy[] {
    const order = (one: StreamProxy, other: StreamProxy) =>
      Buffer.compare(Buffer.from(one.name), Buffer.from(other.name));
    return [...this.proxies.values()].sort(order);
  }

  get(name: string): StreamProxy {
    const proxy = this.proxies.get(name);
    if (!proxy) throw new ApiError(404, 'proxy not found');
    return proxy;
  }

  create(text: string): Promise<StreamProxy> {
    const input = readProxy(parseBody(text), { name: '', listen: '', upstream: '', enabled: true });
    requireFields(input, '');
    return this.alone(async () => {
      if (this.proxies.has(input.name)) throw new ApiError(409, 'proxy already exists');
      return this.add(input);
    });
  }

  update(name: string, text: string): Promise<StreamProxy> {
    return this.alone(async () => {
      const proxy = this.get(name);
      const { listen, upstream, enabled } = proxy;
      await proxy.update(readProxy(parseBody(text), { name, listen, upstream, enabled }));
      return proxy;
    });
  }

  remove(name: string): Promise<void> {
    return this.alone(async () => {
      this.get(name).stop();
      this.proxies.delete(name);
    });
  }

  /** Creates what is new and replaces what differs, in order, to the first failure. Never deletes. */
  async populate(text: string): Promise<Populated> {
    const json = parseBody(text);
    if (json !== null && !Array.isArray(json)) {
      throw badBody('json: cannot unmarshal object into Go value of type []struct');
    }
    const inputs = (json ?? []).map((one: Json) =>
      readProxy(one, { name: '', listen: '', upstream: '', enabled: true }),
    );
    inputs.forEach((input: ProxyInput, index: number) => {
      requireFields(input, ` at proxy ${index + 1}`);
    });
    return this.alone(async () => {
      const done: StreamProxy[] = [];
      try {
        for (const input of inputs) done.push(await this.addOrReplace(input));
        return { done };
      } catch (error) {
        return { done, error };
      }
    });
  }

  /** Enables every proxy and removes every toxic. */
  reset(): Promise<void> {
    return this.alone(async () => {
      for (const proxy of this.all()) {
        await proxy.start();
        proxy.toxics.clear();
      }
    });
  }

  stopAll(): Promise<void> {
    return this.alone(async () => {
      for (const proxy of this.proxies.values()) proxy.stop();
      this.proxies.clear();
    });
  }

  private async add(input: ProxyInput): Promise<StreamProxy> {
    const random = this.random.fork(`${input.name}#${this.made++}`);
    const proxy = new StreamProxy(input.name, input, random, this.options, this.tally);
    if (input.enabled) await proxy.start();
    this.proxies.set(input.name, proxy);
    return proxy;
  }

  private async addOrReplace(input: ProxyInput): Promise<StreamProxy> {
    const existing = this.proxies.get(input.name);
    if (existing) {
      if (!(await existing.differs(input))) return existing;
      existing.stop();
    }
    return this.add(input);
  }

  private alone<T>(action: () => Promise<T>): Promise<T> {
    const result = this.queue.then(action);
    this.queue = result.catch(() => undefined);
    return result;
  }
}

function readProxy(json: Json, defaults: ProxyInput): ProxyInput {
  const input = { ...defaults };
  const { wrong } = decode(json, 'Proxy', {
    name: stringField((value) => {
      input.name = value;
    }),
    listen: stringField((value) => {
      input.listen = value;
    }),
    upstream: stringField((value) => {
      input.upstream = value;
    }),
    enabled: booleanField((value) => {
      input.enabled = value;
    }),
  });
  if (wrong) throw badBody(wrong);
  return input;
}

function requireFields(input: ProxyInput, where: string): void {
  for (const field of ['name', 'upstream'] as const) {
    if (input[field] === '') throw new ApiError(400, `missing required field: ${field}${where}`);
  }
}
