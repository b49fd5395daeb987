import { lookup } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import { filledUrl } from '../config-schema.js';
import type { ServerSpec } from '../contract.js';
import { HarnessError, messageOf } from '../errors.js';

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Refuses what is not the user's to disturb, and what cannot be reached, before anything is planned. True where it is the
 * user's own and elsewhere.
 */
export async function refuseUnfitUrls(server: ServerSpec | undefined, owned: boolean): Promise<boolean> {
  let elsewhere = false;
  const others = [server?.readyUrl, server?.healthUrl, server?.metricsUrl].filter((url) => url !== undefined);
  for (const text of [...(server?.url === undefined ? [] : [server.url]), ...others]) {
    const url = new URL(filledUrl(text));
    const addresses = await resolveHost(url);
    const foreign = addresses.find((address) => !isLoopback(address));
    elsewhere ||= foreign !== undefined;
    if (foreign !== undefined && !owned) {
      const at = foreign === hostOf(url) ? '' : ` (${foreign})`;
      throw new HarnessError(
        'NOT_LOOPBACK',
        `${text} is not on this machine${at}: Holdfast disturbs what it checks, so say --i-own-this-target if it is yours`,
      );
    }
  }
  if (server?.url !== undefined) await refuseUnreachable(new URL(server.url));
  return elsewhere;
}

/** The addresses that a URL leads to. */
export async function resolveHost(url: URL): Promise<string[]> {
  const host = hostOf(url);
  if (isIP(host)) return [host];
  // RFC 6761 6.3: names under localhost are loopback, whatever a resolver says.
  if (host === 'localhost' || host.endsWith('.localhost')) return ['127.0.0.1'];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (cause) {
    throw new HarnessError(
      'UNREACHABLE',
      `cannot reach ${url.href}: the name ${host} does not resolve (${codeOf(cause)})`,
      { cause },
    );
  }
}

export function isLoopback(address: string): boolean {
  const v4 = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (isIP(v4) === 4) return v4.startsWith('127.');
  // WHATWG URL writes ::1 and the mapped form in hexadecimal: ::ffff:7f00:1.
  return address === '::1' || /^::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}$/i.test(address);
}

async function refuseUnreachable(url: URL): Promise<void> {
  const port = url.port === '' ? (url.protocol === 'wss:' || url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  const socket = connect({ host: hostOf(url), port, timeout: CONNECT_TIMEOUT_MS });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('error', reject);
      socket.once('timeout', () => reject(new Error(`no answer within ${CONNECT_TIMEOUT_MS / 1000} s`)));
    });
  } catch (cause) {
    const why =
      codeOf(cause) === 'ECONNREFUSED' ? 'nothing listens there (ECONNREFUSED): start the server first' : codeOf(cause);
    throw new HarnessError('UNREACHABLE', `cannot reach ${url.href}: ${why}`, { cause });
  } finally {
    socket.destroy();
  }
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error ? String(error.code) : messageOf(error);
}
