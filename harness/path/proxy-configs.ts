import type { ProxyKind } from './find-proxy.js';
import type { Route } from './real-proxy.js';

/** Where it listens: a port a route. */
interface At {
  readonly host: string;
  readonly ports: readonly number[];
}

type Config = (folder: string, at: At, routes: readonly Route[]) => string;

export const CONFIGS: Readonly<Record<ProxyKind, Config>> = { nginx: nginxConfig, haproxy: haproxyConfig };

/** What makes it read that file, and stay in the foreground. */
export const COMMANDS: Readonly<Record<ProxyKind, (folder: string, file: string) => readonly string[]>> = {
  nginx: (folder, file) => ['-p', folder, '-c', file],
  haproxy: (_, file) => ['-db', '-f', file],
};

const CONNECTIONS = {
  close: [],
  none: [`proxy_set_header Connection '';`],
  // As nginx's "WebSocket proxying" has it.
  upgrade: [
    'proxy_set_header Upgrade $http_upgrade;',
    'proxy_set_header Connection "upgrade";',
    'proxy_set_header Host $http_host;',
  ],
} as const;

/** Only what differs from nginx's own defaults is written: those are to be its own. */
function nginxConfig(folder: string, { host, ports }: At, routes: readonly Route[]): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const servers = routes.map(({ to, settings }, index) => {
    const timeoutMs = Math.round(settings.readTimeoutMs);
    // A request that stays open is the client's silence, not the server's.
    const overGrpc = [
      `grpc_pass grpc://${authority(to)};`,
      `grpc_read_timeout ${timeoutMs}ms;`,
      `grpc_send_timeout ${timeoutMs}ms;`,
      'client_body_timeout 1d;',
    ];
    const overHttp = [
      `proxy_pass http://${authority(to)};`,
      ...(settings.upstreamHttp === '1.0' ? [] : [`proxy_http_version ${settings.upstreamHttp};`]),
      ...CONNECTIONS[settings.connection],
      ...(settings.http2 ? ['proxy_request_buffering off;'] : []),
      ...(settings.buffering ? [] : ['proxy_buffering off;']),
      ...(settings.chunked ? [] : ['chunked_transfer_encoding off;']),
      ...(settings.gzip ? ['gzip on;', 'gzip_types text/event-stream;'] : []),
      ...(settings.cache ? [`proxy_cache cache-${index};`, 'proxy_cache_valid 200 10m;'] : []),
      `proxy_read_timeout ${timeoutMs}ms;`,
      `proxy_send_timeout ${timeoutMs}ms;`,
    ];
    const lines = settings.grpc ? overGrpc : overHttp;
    const cache = settings.cache ? `\n  proxy_cache_path ${folder}/cache-${index} keys_zone=cache-${index}:1m;` : '';
    return `${cache}
  server {
    listen ${host}:${ports[index]}${settings.grpc || settings.http2 ? ' http2' : ''};
    location / {
      ${lines.join('\n      ')}
    }
  }`;
  });
  return `daemon off;
master_process off;
error_log stderr;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
${temporary.map((what) => `  ${what}_temp_path ${folder}/${what};`).join('\n')}${servers.join('')}
}
`;
}

const COMPRESSION = '\n  compression algo gzip\n  compression type text/event-stream';

function haproxyConfig(_: string, { host, ports }: At, routes: readonly Route[]): string {
  const proxies = routes.map(
    ({ to, settings: { readTimeoutMs, noDelay, gzip, grpc } }, index) => `
listen route-${index}
  bind ${host}:${ports[index]}${grpc ? ' proto h2' : ''}
  timeout client ${grpc ? '1d' : `${Math.round(readTimeoutMs)}ms`}
  timeout server ${Math.round(readTimeoutMs)}ms
  timeout tunnel ${Math.round(readTimeoutMs)}ms${noDelay ? '\n  option http-no-delay' : ''}${gzip ? COMPRESSION : ''}
  server upstream ${authority(to)}${grpc ? ' proto h2' : ''}`,
  );
  return `global
  maxconn 256
defaults
  mode http
  timeout connect 5s${proxies.join('\n')}
`;
}

function authority({ host, port }: Route['to']): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
