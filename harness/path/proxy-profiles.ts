/** Settings of a proxy in the words of its own configuration. What HAProxy and Cloudflare do not have is left as it is. */
export interface ProxySettings {
  readonly kind: 'nginx' | 'haproxy' | 'cloudflare';
  /** nginx: grpc_pass, and HTTP/2 from its clients. HAProxy: proto h2 both ways. */
  readonly grpc: boolean;
  /** nginx: HTTP/2 from its clients, with proxy_pass, which asks the server before the request has come to its end. */
  readonly http2: boolean;
  /** nginx: proxy_http_version; the others speak 1.1. */
  readonly upstreamHttp: '1.0' | '1.1';
  /** nginx: proxy_set_header Connection. `close` is its own, `none` an empty one, `upgrade` with the client's Upgrade. */
  readonly connection: 'close' | 'none' | 'upgrade';
  /** nginx: proxy_buffering. */
  readonly buffering: boolean;
  /** nginx: chunked_transfer_encoding. */
  readonly chunked: boolean;
  /** nginx: gzip and gzip_types for event streams. HAProxy: compression algo gzip, and type. */
  readonly gzip: boolean;
  /** nginx: proxy_cache, with proxy_cache_valid for answers that say nothing of caches. */
  readonly cache: boolean;
  /** HAProxy: option http-no-delay. */
  readonly noDelay: boolean;
  /** nginx: proxy_read_timeout and proxy_send_timeout. HAProxy: timeout client, server and tunnel. */
  readonly readTimeoutMs: number;
}

const NGINX: ProxySettings = {
  kind: 'nginx',
  grpc: false,
  http2: false,
  upstreamHttp: '1.0',
  connection: 'close',
  buffering: true,
  chunked: true,
  gzip: false,
  cache: false,
  noDelay: false,
  readTimeoutMs: 60_000,
};
/** A day: what guides to event streams behind nginx set. */
const LONG_MS = 86_400_000;
const PASSES_ON: ProxySettings = { ...NGINX, upstreamHttp: '1.1', connection: 'none', buffering: false };

export const PROFILES = {
  /** `proxy_pass` and nothing else. */
  'nginx-default': NGINX,
  /** proxy_buffering off, proxy_cache off, proxy_http_version 1.1, Connection '', chunked_transfer_encoding off. */
  'nginx-article-sse': { ...PASSES_ON, chunked: false, readTimeoutMs: LONG_MS },
  /** nginx, "WebSocket proxying". */
  'nginx-article-websocket': { ...PASSES_ON, connection: 'upgrade', buffering: true },
  /** `grpc_pass` and nothing else: read and send timeouts of 60 s. */
  'nginx-article-grpc': { ...NGINX, grpc: true },
  /** HTTP/2 in front and HTTP/1.1 behind: no gRPC passes it. */
  'nginx-http2': { ...NGINX, http2: true, upstreamHttp: '1.1' },
  'nginx-gzip': { ...NGINX, upstreamHttp: '1.1', gzip: true },
  'nginx-short-timeout': { ...PASSES_ON, readTimeoutMs: 10_000 },
  'nginx-cache': { ...NGINX, upstreamHttp: '1.1', cache: true },
  haproxy: { ...PASSES_ON, kind: 'haproxy', noDelay: false },
  'haproxy-no-delay': { ...PASSES_ON, kind: 'haproxy', noDelay: true },
  'haproxy-gzip': { ...PASSES_ON, kind: 'haproxy', noDelay: true, gzip: true },
  /** Ends what has been idle for 100 s with an HTML page. */
  cloudflare: { ...PASSES_ON, kind: 'cloudflare', readTimeoutMs: 100_000 },
} as const satisfies Readonly<Record<string, ProxySettings>>;

export type ProfileName = keyof typeof PROFILES;
