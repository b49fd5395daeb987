import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** An error with the text that Go's net package would give; served as a 500. */
export class NetworkError extends Error {}

export interface Address {
  /** '' means any address. */
  readonly host: string;
  readonly port: number;
}

/** Splits `host:port` like Go's SplitHostPort, with its words. */
export function parseAddress(text: string): Address {
  if (text === '') return { host: '', port: 0 };
  const colon = text.lastIndexOf(':');
  if (colon < 0) throw new NetworkError(`address ${text}: missing port in address`);
  let host = text.slice(0, colon);
  const portText = text.slice(colon + 1);
  if (host.startsWith('[')) {
    if (!host.endsWith(']')) throw new NetworkError(`address ${text}: missing ']' in address`);
    host = host.slice(1, -1);
  } else if (host.includes(':')) {
    throw new NetworkError(`address ${text}: too many colons in address`);
  }
  if (portText !== '' && !/^[+-]?\d+$/.test(portText)) {
    throw new NetworkError(`lookup tcp/${portText}: unknown port`);
  }
  const port = Number(portText);
  if (port < 0 || port > 65_535) throw new NetworkError(`address ${portText}: invalid port`);
  return { host, port };
}

/** The address as numbers, IPv4 first where a name has both. */
export async function resolveAddress(text: string): Promise<Address> {
  const { host, port } = parseAddress(text);
  if (host === '' || isIP(host)) return { host, port };
  if (host === 'localhost') return { host: '127.0.0.1', port };
  const found = await lookup(host, { all: true }).catch(() => []);
  const best = found.find((one) => one.family === 4) ?? found[0];
  if (!best) throw new NetworkError(`lookup ${host}: no such host`);
  return { host: best.address, port };
}

/** As Go prints a TCPAddr. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Go's text for a failure to listen. */
export function listenError(address: Address, error: NodeJS.ErrnoException): NetworkError {
  const reasons: Record<string, string> = {
    EADDRINUSE: 'address already in use',
    EADDRNOTAVAIL: 'cannot assign requested address',
    EACCES: 'permission denied',
  };
  const reason = reasons[error.code ?? ''] ?? error.message;
  return new NetworkError(`listen tcp ${formatAddress(address)}: bind: ${reason}`);
}
