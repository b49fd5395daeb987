import type { Target } from './contract.js';
import type { Refusal } from './scenario.js';

/** One sentence of a refused handshake: what came, and what is done about that. */
export function whyRefused({ status, reason }: Refusal, { protocol, path }: Target, at: string): string {
  const [text = reason] = reason.split('\n');
  const [said, remedy] = status === undefined ? ofNoAnswer(text) : ([text, ofStatus(status)] as const);
  return `the server at ${at} refused a ${protocol} handshake at ${path}: ${said} (${remedy})`;
}

function ofStatus(status: number): string {
  if (status === 401) return 'give a credential with --auth, the endpoint with --path';
  // Ours is no browser and sends no Origin; some servers take nobody without one (golang.org/x/net/websocket).
  if (status === 403) {
    return 'give a credential with --auth, the origin it wants with --auth "Origin: http://localhost", the endpoint with --path';
  }
  if (status === 404) return 'name the endpoint with --path';
  return 'name the endpoint with --path, a credential with --auth, a subprotocol with --protocol websocket/NAME';
}

/** Errors of Node and OpenSSL, in words that name the remedy. */
function ofNoAnswer(reason: string): readonly [string, string] {
  if (/certificate|altnames/i.test(reason)) return [reason, 'name its authority with --ca FILE, or use --insecure'];
  if (/EPROTO|wrong version number/i.test(reason)) return ['it does not speak TLS there', 'give a ws:// URL'];
  if (/timed out/i.test(reason)) {
    return ['it took the connection and answered nothing', 'is that the port of a WebSocket server?'];
  }
  if (/hang up|ECONNRESET|Parse Error/i.test(reason)) {
    return [reason, 'is that the port of a WebSocket server? One that speaks TLS needs a wss:// URL'];
  }
  return [reason, 'name the endpoint with --path, a credential with --auth'];
}
