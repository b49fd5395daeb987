/** The resilient programs in the forms that prove all checks, and a run of one. */
import { join } from 'node:path';
import type { Run } from '../harness/contract.js';
import { startAtUrl, startBehindTls } from './at-url.js';
import { check, command, PROGRAMS, type Protocol, type Role } from './checked.js';
import { CHAT, GRPC_LOGIN, LOGIN, ORDERS, type Scheme, UPLOADS } from './program.js';

export interface Resilient {
  readonly protocol: Protocol;
  readonly roles: readonly Role[];
  readonly words: readonly string[];
  /** Checked by a URL of this scheme, at an address that is not loopback; wss and grpcs by TLS in front of it. */
  readonly at?: Scheme;
  /** Only these checks; all of the protocol where there are none named. */
  readonly aims?: readonly string[];
  /** In place of the usual client. */
  readonly client?: string;
}

/** The resilient programs as they are proven: each alone, both together, and the server where it asks for a token. */
export const RESILIENT: readonly Resilient[] = [
  { protocol: 'websocket', roles: ['server'], words: [] },
  { protocol: 'websocket', roles: ['client'], words: [] },
  { protocol: 'websocket', roles: ['server', 'client'], words: [] },
  {
    protocol: 'websocket',
    roles: ['client'],
    words: ['--delivery', 'latest'],
    aims: ['websocket/stale-after-reconnect'],
  },
  {
    protocol: 'websocket',
    roles: ['server'],
    words: LOGIN,
    aims: ['websocket/late-auth', 'websocket/auth-window', 'websocket/outlives-token'],
  },
  {
    protocol: 'websocket',
    roles: ['server'],
    at: 'wss',
    words: ['--i-own-this-target'],
    aims: ['websocket/insecure-transport'],
  },
  { protocol: 'sse', roles: ['server'], words: [] },
  { protocol: 'sse', roles: ['client'], words: [] },
  { protocol: 'sse', roles: ['server', 'client'], words: [] },
  { protocol: 'sse', roles: ['client'], words: ['--delivery', 'latest'], aims: ['sse/stale-after-reconnect'] },
  {
    protocol: 'sse',
    roles: ['server'],
    words: LOGIN,
    aims: ['sse/late-auth', 'sse/auth-window', 'sse/outlives-token'],
  },
  {
    protocol: 'sse',
    roles: ['server'],
    at: 'https',
    words: ['--i-own-this-target', '--insecure'],
    aims: ['sse/insecure-transport', 'sse/six-connections'],
  },
  {
    protocol: 'sse',
    roles: ['client'],
    client: 'token-client.js',
    words: CHAT,
    aims: ['sse/truncated-answer', 'sse/stalled-answer', 'sse/repeated-post'],
  },
  { protocol: 'grpc', roles: ['server'], words: [] },
  { protocol: 'grpc', roles: ['client'], words: [] },
  { protocol: 'grpc', roles: ['server', 'client'], words: [] },
  { protocol: 'grpc', roles: ['client'], words: ['--delivery', 'latest'], aims: ['grpc/stale-after-reconnect'] },
  {
    protocol: 'grpc',
    roles: ['server'],
    words: ['--method', 'holdfast.feed.v1.Feed/Talk', '--resume', 'none'],
    aims: ['grpc/no-message-limit'],
  },
  {
    protocol: 'grpc',
    roles: ['server'],
    words: ['--method', 'holdfast.feed.v1.Feed/Ask'],
    aims: ['grpc/unbounded-message'],
  },
  {
    protocol: 'grpc',
    roles: ['server'],
    at: 'grpcs',
    words: ['--i-own-this-target'],
    aims: ['grpc/insecure-transport'],
  },
  { protocol: 'grpc', roles: ['server'], words: ORDERS, aims: ['grpc/duplicate-execution'] },
  { protocol: 'grpc', roles: ['client'], words: UPLOADS, aims: ['grpc/unread-stream', 'grpc/unbounded-send-buffer'] },
  {
    protocol: 'grpc',
    roles: ['server'],
    words: GRPC_LOGIN,
    aims: ['grpc/late-auth', 'grpc/auth-window', 'grpc/outlives-token'],
  },
];

/** The resilient programs of these roles, on every check. */
export async function checkResilient(
  { protocol, roles, at, client }: Pick<Resilient, 'protocol' | 'roles' | 'at' | 'client'>,
  results: string,
  more: readonly string[],
): Promise<Run> {
  const files = { server: PROGRAMS[protocol].server.file, client: client ?? PROGRAMS[protocol].client.file };
  const file = join(__dirname, files.server);
  await using running =
    at === undefined ? undefined : await (isEnclosed(at) ? startBehindTls(file, at) : startAtUrl(file, at));
  const programs = roles.flatMap((role) => command(protocol, role, files[role]));
  return await check(protocol, [...(running ? running.words : programs), ...more], results);
}

/** `resilient websocket server+client --delivery latest`. */
export function nameOf({ protocol, roles, at, client, words }: Resilient): string {
  const named = [...(at === undefined ? [] : [`at ${at}`]), ...(client === undefined ? [] : [client]), ...words];
  return ['resilient', protocol, roles.join('+'), ...named].join(' ');
}

/** Its own servers speak no TLS. */
function isEnclosed(scheme: Scheme): scheme is 'wss' | 'grpcs' {
  return scheme === 'wss' || scheme === 'grpcs';
}
