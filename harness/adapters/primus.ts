import type { Adapter, Packet } from '../adapter.js';

/** `"primus::ping::<time>"` is answered by `"primus::pong::<time>"`, both as JSON strings (its spark.js and primus.js). */
const PING = /^"primus::ping::\d+"$/;
const PONG = /^"primus::pong::\d+"$/;

const adapter: Adapter = {
  id: 'primus',
  speaks: ({ path }) => /^\/primus(\/|\?|$)/.test(path),
  listen: () => ({ read: (_, payload) => packets(payload) }),
  join: ({ send, beats, onReady }) => ({
    clientDriven: false,
    cursor: undefined,
    open: () => onReady(),
    receive(payload) {
      const text = head(payload);
      if (beats && PING.test(text)) send(text.replace('ping', 'pong'));
      return packets(payload);
    },
    wrap: (payload) => payload,
    close() {},
  }),
  host: ({ send }) => ({ receive() {}, push: ({ text }) => send(text), close() {} }),
};
export default adapter;

function packets(payload: Buffer): readonly Packet[] | undefined {
  const text = head(payload);
  return PING.test(text) || PONG.test(text) ? [{ kind: 'heartbeat', payload }] : undefined;
}

function head(payload: Buffer): string {
  return payload.subarray(0, 64).toString('latin1');
}
