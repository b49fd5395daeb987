import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { HarnessError, messageOf } from '../errors.js';
import { createRandom } from '../random.js';
import { formatAddress } from './address.js';
import { createApi } from './api.js';
import { createMetrics } from './metrics.js';
import { Registry } from './registry.js';

/** What one direction of a connection may hide at most; the original: 1024 chunks, some 32 MiB, behind one latency toxic. */
const DEFAULT_BUFFER_BYTES = 1024 * 1024;
const IDLE_MS = 60_000;
const READ_MS = 15_000;

export interface EmbeddedOptions {
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port?: number;
  /** Makes every random choice repeatable: rolls, jitter, cuts. */
  readonly seed: number;
  /** Refuse attributes that the toxic does not have. */
  readonly strict?: boolean;
  /** Bytes a direction; `'compatible'` keeps the original's 1024 chunks in front of each latency toxic. */
  readonly bufferBytes?: number | 'compatible';
  readonly proxyMetrics?: boolean;
  /** The JSON of `/populate`, done before the server listens; an error there is a HarnessError. */
  readonly populate?: string;
}

export interface Embedded extends AsyncDisposable {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts an API-compatible Toxiproxy server in this process. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { host = '127.0.0.1', port = 0, strict = false, bufferBytes = DEFAULT_BUFFER_BYTES } = options;
  const random = createRandom(options.seed, 'toxiproxy');
  const metrics = createMetrics();
  const registry = new Registry(
    random,
    { bufferBytes: bufferBytes === 'compatible' ? Number.POSITIVE_INFINITY : bufferBytes },
    metrics.tally,
  );
  const api = createApi({
    registry,
    strict,
    requestIds: random.fork('request ids'),
    ...(options.proxyMetrics ? { metrics: metrics.text } : {}),
  });
  const server = createServer({ keepAliveTimeout: IDLE_MS, requestTimeout: READ_MS }, api);
  try {
    if (options.populate !== undefined) await populate(registry, options.populate);
    await listen(server, host, port);
  } catch (error) {
    await registry.stopAll();
    throw error;
  }
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  const close = async () => {
    await registry.stopAll();
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://${formatAddress({ host, port: bound })}`, close, [Symbol.asyncDispose]: close };
}

async function populate(registry: Registry, text: string): Promise<void> {
  const { error } = await registry.populate(text).catch((thrown: unknown) => ({ error: thrown }));
  if (!error) return;
  throw new HarnessError('TOXIPROXY_CONFIG', `could not populate: ${messageOf(error)}`, { cause: error });
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  const listening = once(server, 'listening');
  server.listen(port, host);
  await listening.catch((cause) => {
    const why = cause.code === 'EADDRINUSE' ? 'address already in use' : messageOf(cause);
    const where = formatAddress({ host, port });
    throw new HarnessError('TOXIPROXY_LISTEN', `the Toxiproxy API could not listen on ${where}: ${why}`, { cause });
  });
}
