import { isIPv4 } from 'node:net';
import type { StartedServer } from '../target/server.js';

/** All of 127.0.0.0/8 is this machine's on Linux; elsewhere only 127.0.0.1 is. */
const HOSTS = 250;

/**
 * Who misbehaves comes from 127.0.0.2 and up, so that a server which bans or limits an address leaves 127.0.0.1 alone
 * (CHECKLIST rule 23). Undefined where the address can't be chosen.
 */
export function sourceHostOf(server: StartedServer, index: number): string | undefined {
  if (!server.onLoopback || !isIPv4(server.host) || process.platform !== 'linux') return undefined;
  return `127.0.0.${2 + (index % HOSTS)}`;
}
