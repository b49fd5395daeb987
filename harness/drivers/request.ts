import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';
import type { Slot, Target } from '../contract.js';
import { schemeOf } from '../protocol.js';
import type { Address, SessionOptions } from '../scenario.js';

export interface Where {
  readonly to: Address;
  readonly sourceHost?: string;
  /** Protocols to offer in the TLS handshake. */
  readonly alpn?: readonly string[];
}

/** What a client of this target presents when it comes. */
export function slotsOf({ slots, bare }: Pick<SessionOptions, 'slots' | 'bare'>, target: Target): Slot[] {
  return [...(slots ?? (target.auth ? [target.auth] : [])), ...(bare || !target.subscribe ? [] : [target.subscribe])];
}

export function dial(options: Where, target: Target, url: URL, secure: boolean): Socket {
  const where = {
    host: options.to.host,
    port: options.to.port,
    ...(options.sourceHost === undefined ? {} : { localAddress: options.sourceHost }),
  };
  if (!secure) return connectTcp(where);
  const name = url.hostname.replace(/^\[|\]$/g, '');
  return connectTls({
    ...where,
    ...(/^[\d.]+$|:/.test(name) ? {} : { servername: name }),
    ...(options.alpn === undefined ? {} : { ALPNProtocols: [...options.alpn] }),
    ...(target.insecure ? { rejectUnauthorized: false } : {}),
    ...(target.caFile === undefined ? {} : { ca: readFileSync(target.caFile) }),
    ...shown(target),
    // We dial the gate; the certificate must still be the target's.
    checkServerIdentity: (_, certificate) => (target.insecure ? undefined : checkServerIdentity(name, certificate)),
  });
}

/** RFC 8446, 4.4.2: "the client MUST send a Certificate message if and only if the server has requested client authentication". */
function shown({ clientCertificate }: Target): { readonly cert?: Buffer; readonly key?: Buffer } {
  if (!clientCertificate) return {};
  const { certFile, keyFile } = clientCertificate;
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

/** The target's own URL: through a gate the Host header must stay what it was. */
export function urlFor(target: Target, options: Where, slots: readonly Slot[]): URL {
  const base =
    target.server?.url ??
    `${schemeOf(target.protocol)}://${options.to.host.includes(':') ? `[${options.to.host}]` : options.to.host}:${options.to.port}`;
  const url = new URL(base);
  const path = new URL(`http://path.invalid${target.path}`);
  if (target.path !== '/' || url.pathname === '') url.pathname = path.pathname;
  // As it was typed: `searchParams` would spell `?streams=a@trade/b` anew, and a signed query must stay what was signed.
  if (url.search === '') url.search = path.search;
  else if (path.search !== '' && path.search !== url.search) url.search += `&${path.search.slice(1)}`;
  for (const slot of slots) {
    if (slot.in !== 'query') continue;
    if (url.searchParams.has(slot.name)) url.searchParams.set(slot.name, slot.value);
    else url.search += `${url.search === '' ? '?' : '&'}${new URLSearchParams([[slot.name, slot.value]])}`;
  }
  return url;
}

export function headersOf(slots: readonly Slot[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const slot of slots) {
    if (slot.in === 'header' && slot.name.toLowerCase() !== 'sec-websocket-protocol') headers[slot.name] = slot.value;
  }
  return headers;
}

/** A subprotocol is declared as the header it travels in. */
export function subprotocols({ subprotocol }: Target, slots: readonly Slot[]): string[] {
  const declared = slots.flatMap((slot) =>
    slot.in === 'header' && slot.name.toLowerCase() === 'sec-websocket-protocol' ? slot.value.split(/\s*,\s*/) : [],
  );
  return [...new Set([...(subprotocol === undefined ? [] : [subprotocol]), ...declared])];
}
