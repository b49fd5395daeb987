import { STATUS_CODES } from 'node:http';
import { every } from '../harness/clock.js';
import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';

const LOOK_MS = 100;

/** The server lives and will not have this client, or not now: 401, 403, 429, 503; or it has no more for it: 204. */
export default defineFault<
  Gate,
  { readonly gate: string; readonly status: number; readonly retryAfterS: number | null }
>({
  id: 'http-refusal',
  hop: 'gate',
  about: 'new handshakes are answered with an HTTP status, and Retry-After where one is given',
  evidence: 'a handshake answered so',
  params: { gate: 'name of the gate', status: 'HTTP status', retryAfterS: 'seconds, null for none' },
  byHand: { subject: 'gate', defaults: { status: 503, retryAfterS: 5 }, newcomers: true },
  async inject(gate, { gate: name, status, retryAfterS }, { bite }) {
    const before = gate.turnedAway;
    let bitten = false;
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      ...(retryAfterS === null ? [] : [`Retry-After: ${retryAfterS}`]),
      ...(status === 401 ? ['WWW-Authenticate: Bearer'] : []),
      // "A server MUST NOT send a Content-Length header field in any response with a status code of ... 204" [RFC 9110, 8.6].
      ...(status === 204 ? [] : ['Content-Length: 0']),
      'Connection: close',
    ];
    await gate.setDoor({ kind: 'answer', bytes: `${head.join('\r\n')}\r\n\r\n` });
    const look = () => {
      if (bitten || gate.turnedAway === before) return;
      bitten = true;
      bite({ gate: name, status, answered: gate.turnedAway - before });
    };
    const looking = every(LOOK_MS, look);
    return async () => {
      looking[Symbol.dispose]();
      // Whoever was answered and left has healed it before the next look.
      look();
      await gate.setDoor({ kind: 'open' });
    };
  },
});
