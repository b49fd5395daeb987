import { STATUS_CODES } from 'node:http';
import { every } from '../harness/clock.js';
import type { Gate } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';
import { startPageServer } from '../harness/path/page-server.js';

const LOOK_MS = 100;
/** Of 524, which no standard knows. */
const CLOUDFLARES = 'A Timeout Occurred';
const PAGE = '<html><head><title>Service Unavailable</title></head><body><h1>Service Unavailable</h1></body></html>\n';

/** The proxy lives, the server behind it does not: whoever comes gets an HTML error page. */
export default defineFault<Gate, { readonly status: number; readonly http2: boolean }>({
  id: 'edge-outage',
  hop: 'gate',
  about: 'new connections get an HTML error page with 502, 503 or 524',
  evidence: 'a page served',
  params: { status: 'HTTP status', http2: 'an edge that speaks HTTP/2 serves it' },
  byHand: { subject: 'gate', defaults: { status: 503 } },
  async inject(gate, { status, http2 }, { bite }) {
    let bitten = false;
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? CLOUDFLARES}`,
      'Content-Type: text/html',
      `Content-Length: ${PAGE.length}`,
      'Connection: close',
    ];
    // The page of an HTTP/2 edge is an answer on a connection that lives on.
    const edge = http2 ? await startPageServer(status, PAGE) : undefined;
    const before = gate.turnedAway;
    const answered = () => edge?.served ?? gate.turnedAway - before;
    await gate.setDoor(
      edge
        ? { kind: 'elsewhere', host: edge.host, port: edge.port }
        : { kind: 'answer', bytes: `${head.join('\r\n')}\r\n\r\n${PAGE}` },
    );
    gate.resetAll();
    const look = () => {
      if (bitten || answered() === 0) return;
      bitten = true;
      bite({ status, answered: answered() });
    };
    const looking = every(LOOK_MS, look);
    return async () => {
      looking[Symbol.dispose]();
      // Whoever was answered and left has healed it before the next look.
      look();
      await gate.setDoor({ kind: 'open' });
      if (!edge) return;
      gate.endAll();
      await edge[Symbol.asyncDispose]();
    };
  },
});
