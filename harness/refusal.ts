import type { Target } from './contract.js';
import { type Protocol, protocolNamed } from './protocol.js';
import type { Refusal } from './scenario.js';

/** One sentence of a refused handshake: what came, and what is done about that. */
export function whyRefused({ status, reason }: Refusal, target: Target, at: string): string {
  const protocol = protocolNamed(target.protocol);
  const [text = reason] = reason.split('\n');
  const [said, remedy] =
    status === undefined ? ofNoAnswer(text, protocol) : ([text, ofStatus(status, protocol)] as const);
  return `the server at ${at} refused ${protocol.opening} at ${target.path}: ${said} (${remedy})`;
}

function ofStatus(status: number, { remedies }: Protocol): string {
  if (status === 401) return 'give a credential with --auth, the endpoint with --path';
  // Ours is no browser and sends no Origin; some servers take nobody without one (golang.org/x/net/websocket).
  if (status === 403) {
    return 'give a credential with --auth, the origin it wants with --auth "Origin: http://localhost", the endpoint with --path';
  }
  if (status === 404) return 'name the endpoint with --path';
  return `name the endpoint with --path, a credential with --auth${remedies}`;
}

/** Errors of Node and OpenSSL, in words that name the remedy. */
function ofNoAnswer(reason: string, { schemes, serverKind }: Protocol): readonly [string, string] {
  const [plain, secure] = schemes;
  if (/certificate|altnames/i.test(reason)) return [reason, 'name its authority with --ca FILE, or use --insecure'];
  if (/EPROTO|wrong version number/i.test(reason)) return ['it does not speak TLS there', `give a ${plain}:// URL`];
  if (/timed out/i.test(reason)) {
    return ['it took the connection and answered nothing', `is that the port of ${serverKind}?`];
  }
  if (/hang up|ECONNRESET|Parse Error/i.test(reason)) {
    return [reason, `is that the port of ${serverKind}? One that speaks TLS needs a ${secure}:// URL`];
  }
  return [reason, 'name the endpoint with --path, a credential with --auth'];
}
