import { waitFor } from '../harness/clock.js';
import type { GateConnection } from '../harness/contract.js';
import { defineFault } from '../harness/define.js';

const PAGE = '<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>\n';
const TEXTS: Readonly<Record<string, Buffer>> = {
  empty: Buffer.alloc(0),
  'not JSON': Buffer.from('{"type": "message", "seq": NaN, undefined'),
  HTML: Buffer.from(PAGE),
  // An overlong form, a surrogate and a lone continuation byte.
  'invalid UTF-8': Buffer.from('7b2261223a22c080eda08080227d', 'hex'),
};
/** A final text frame of a server (RFC 6455 5.2); none of the texts is longer than one byte can say. */
const TEXT_FRAME = 0x81;
const PATIENCE_MS = 5000;
const STEP_MS = 5;

/** A message that nobody expects, between two of the server's. */
export default defineFault<GateConnection, { readonly what: string }>({
  id: 'bad-message',
  hop: 'gate',
  about: 'a text message that is empty, no JSON, an HTML page or invalid UTF-8, between two good ones',
  evidence: 'the frame sent on a connection that was whole',
  params: { what: Object.keys(TEXTS).join(' | ') },
  async inject(connection, { what }, { bite, signal }) {
    const text = TEXTS[what] ?? Buffer.alloc(0);
    const frame = Buffer.concat([Buffer.from([TEXT_FRAME, text.length]), text]);
    const sent = await waitFor(() => connection.insertDown(frame), PATIENCE_MS, { stepMs: STEP_MS, signal });
    if (sent) bite({ what, conn: connection.id, bytes: text.length });
    return () => {};
  },
});
