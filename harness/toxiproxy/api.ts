import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Random } from '../random.js';
import { NetworkError } from './address.js';
import { ApiError } from './decode.js';
import { printJson } from './json.js';
import type { StreamProxy } from './proxy.js';
import type { Registry } from './registry.js';
import type { Toxic } from './toxic.js';
import { applyToxicUpdate, readNewToxic, showToxic } from './toxic-requests.js';

/** The version whose behaviour this server has. */
export const COMPATIBLE_VERSION = '2.12.0';
/** No request has reason to be longer. */
const LONGEST_BODY = 16 * 1024 * 1024;

export interface ApiOptions {
  readonly registry: Registry;
  readonly strict: boolean;
  readonly requestIds: Random;
  /** Where metrics are kept: the text of `/metrics`. */
  readonly metrics?: () => string;
}

interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly type?: string;
}
interface Call {
  /** The variable parts of the path, decoded. */
  readonly names: readonly [string, string];
  readonly body: string;
}
type Route = Readonly<Record<string, (call: Call) => Answer | Promise<Answer>>>;

/** The HTTP API of Toxiproxy (TOXIPROXY.md section 1) as a request listener. */
export function createApi({ registry, strict, requestIds, metrics }: ApiOptions) {
  const updateProxy = async ({ names, body }: Call) => json(200, showProxy(await registry.update(names[0], body)));
  const updateToxic = ({ names, body }: Call) => {
    const { toxics } = registry.get(names[0]);
    const toxic = findToxic(registry, names);
    const error = applyToxicUpdate(body, toxic, strict);
    if (error) throw error;
    toxics.changed(toxic);
    return json(200, showToxic(toxic));
  };

  const routes: Readonly<Record<string, Route>> = {
    '/reset': {
      POST: async () => {
        await registry.reset();
        return { status: 204 };
      },
    },
    '/proxies': {
      GET: () => {
        const members = registry.all().map((proxy) => `${printJson(proxy.name)}:${printJson(showProxy(proxy))}`);
        return { status: 200, body: `{${members.join(',')}}`, type: 'application/json' };
      },
      POST: async ({ body }) => json(201, showProxy(await registry.create(body))),
    },
    '/populate': { POST: ({ body }) => populate(registry, body) },
    '/proxies/*': {
      GET: ({ names }) => json(200, showProxy(registry.get(names[0]))),
      POST: updateProxy,
      PATCH: updateProxy,
      DELETE: async ({ names }) => {
        await registry.remove(names[0]);
        return { status: 204 };
      },
    },
    '/proxies/*/toxics': {
      GET: ({ names }) => json(200, registry.get(names[0]).toxics.all().map(showToxic)),
      POST: ({ names, body }) => {
        const { toxics } = registry.get(names[0]);
        const toxic = toxics.add(readNewToxic(body, (name) => toxics.get(name) !== undefined, strict));
        return json(200, showToxic(toxic));
      },
    },
    '/proxies/*/toxics/*': {
      GET: ({ names }) => json(200, showToxic(findToxic(registry, names))),
      POST: updateToxic,
      PATCH: updateToxic,
      DELETE: ({ names }) => {
        registry.get(names[0]).toxics.remove(findToxic(registry, names));
        return { status: 204 };
      },
    },
    '/version': {
      GET: () => ({
        status: 200,
        body: `{"version": "${COMPATIBLE_VERSION}"}\n`,
        type: 'application/json;charset=utf-8',
      }),
    },
    // Ours: the original has no list of connections.
    '/holdfast/statistics': { GET: () => json(200, statistics(registry)) },
    ...(metrics
      ? { '/metrics': { GET: () => ({ status: 200, body: metrics(), type: 'text/plain; version=0.0.4' }) } }
      : {}),
  };

  const answer = async (request: IncomingMessage, segments: readonly string[]): Promise<Answer> => {
    const names = [segments[1] ?? '', segments[3] ?? ''] as const;
    const pattern = `/${segments.map((part, index) => (index % 2 === 1 && segments[0] === 'proxies' ? '*' : part)).join('/')}`;
    const route = segments.includes('') ? undefined : routes[pattern];
    if (!route) return { status: 404, body: '404 page not found\n' };
    const handle = route[request.method ?? ''];
    if (!handle) return { status: 405, body: '' };
    if (request.headers['user-agent']?.startsWith('Mozilla/')) return { status: 403, body: 'User agent not allowed\n' };
    try {
      return await handle({ names, body: await bodyOf(request) });
    } catch (error) {
      return failure(error);
    }
  };

  return (request: IncomingMessage, response: ServerResponse): void => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const clean = path.replace(/\/{2,}/g, '/');
    if (clean !== path) {
      response.writeHead(301, { location: clean }).end();
      return;
    }
    void answer(request, segmentsOf(path)).then(({ status, body, type }) => {
      if (status !== 404 || type) response.setHeader('X-Toxiproxy-Request-Id', requestIds.token(20));
      if (body !== undefined && body !== '') response.setHeader('Content-Type', type ?? 'text/plain; charset=utf-8');
      if (status >= 400 && !type) response.setHeader('X-Content-Type-Options', 'nosniff');
      if (body !== undefined) response.setHeader('Content-Length', Buffer.byteLength(body));
      response.writeHead(status).end(body);
    });
  };
}

async function populate(registry: Registry, body: string): Promise<Answer> {
  let error: unknown;
  let proxies: object[] | null = null;
  try {
    const populated = await registry.populate(body);
    error = populated.error;
    if (populated.done.length > 0) proxies = populated.done.map(showProxy);
  } catch (thrown) {
    error = thrown;
  }
  if (error === undefined) return json(201, { proxies });
  const { status, text } = describe(error);
  return json(status, { error: text, status, proxies });
}

function failure(error: unknown): Answer {
  const { status, text } = describe(error);
  return { status, body: `${printJson({ error: text, status })}\n` };
}

/** Anything but a refusal or a network failure is a bug of ours; it is told to the caller like any other error. */
function describe(error: unknown): { readonly status: number; readonly text: string } {
  if (error instanceof ApiError) return { status: error.status, text: error.message };
  if (error instanceof NetworkError) return { status: 500, text: error.message };
  return { status: 500, text: `internal error: ${error instanceof Error ? error.stack : String(error)}` };
}

function findToxic(registry: Registry, [proxy, name]: readonly [string, string]): Toxic {
  const toxic = registry.get(proxy).toxics.get(name);
  if (!toxic) throw new ApiError(404, 'toxic not found');
  return toxic;
}

/** In the original's order of keys, `Logger` included: it is an accident there, and clients have got used to it. */
function showProxy({ name, listen, upstream, enabled, toxics }: StreamProxy): object {
  return { name, listen, upstream, enabled, Logger: {}, toxics: toxics.all().map(showToxic) };
}

function statistics(registry: Registry): object {
  return registry.all().map((proxy) => ({
    proxy: proxy.name,
    ...proxy.stats(),
    bites: proxy.toxics.all().map((toxic) => ({ toxic: toxic.name, bites: proxy.toxics.bitesOf(toxic) })),
  }));
}

function json(status: number, value: object): Answer {
  return { status, body: printJson(value), type: 'application/json' };
}

/** The parts of the decoded path: a `/` inside a name splits it, so that such a proxy can never be addressed. */
function segmentsOf(path: string): string[] {
  try {
    return decodeURIComponent(path).slice(1).split('/');
  } catch {
    return [''];
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > LONGEST_BODY) throw new ApiError(400, 'bad request body: http: request body too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
