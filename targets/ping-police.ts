/** What Go, Java and C-core servers do by default, with five minutes: a PING that comes sooner is a strike, and the third ends the connection. */
import http2, { type Http2Session } from 'node:http2';

const STRIKES = 3;
const { createServer } = http2;

/** In force for the servers that are created after it. */
export function policePings(minimumMs: number): void {
  const watch = (session: Http2Session) => {
    let [lastMs, strikes] = [Number.NEGATIVE_INFINITY, 0];
    session.on('ping', () => {
      const now = performance.now();
      if (now - lastMs < minimumMs) strikes += 1;
      lastMs = now;
      if (strikes < STRIKES) return;
      session.goaway(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from('too_many_pings'));
      setImmediate(() => session.destroy());
    });
  };
  const policed = (...given: Parameters<typeof createServer>) => createServer(...given).on('session', watch);
  Object.assign(http2, { createServer: policed });
}
