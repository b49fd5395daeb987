import type { Adapter, Packet, Peer, PeerOptions } from '../adapter.js';

// "The Ping message … can be sent at any time within the established socket", by either side; "a Pong must be sent in response
// … as soon as possible" [GraphQL over WebSocket Protocol, graphql-transport-ws].
const HEARTBEATS = new Set(['ping', 'pong']);
const CONTROL = new Set(['connection_init', 'connection_ack', 'subscribe', 'error', 'complete']);

const adapter: Adapter = {
  id: 'graphql-transport-ws',
  speaks: ({ subprotocol }) => subprotocol === 'graphql-transport-ws',
  listen: () => ({ read: (_, payload) => packets(payload) }),
  join: (options) => join(options),
  // What a subscription gives has the form of its query, and a client relies on that: ours stays without a result.
  host: ({ send }) => ({
    receive(payload) {
      const type = parse(payload)?.type;
      if (type === 'connection_init') send('{"type":"connection_ack"}');
      if (type === 'ping') send('{"type":"pong"}');
    },
    push() {},
    close() {},
  }),
};
export default adapter;

function join({ send, login, subscriptions, beats, onReady }: PeerOptions): Peer {
  const say = (message: object) => send(JSON.stringify(message));
  let operations = 0;
  return {
    clientDriven: false,
    cursor: undefined,
    open() {
      const payload = login === undefined ? undefined : parse(Buffer.from(login));
      say({ type: 'connection_init', ...(payload === undefined ? {} : { payload }) });
    },
    receive(payload) {
      const message = parse(payload);
      if (message?.type === 'ping' && beats) say({ type: 'pong' });
      if (message?.type === 'connection_ack') {
        for (const [index, text] of subscriptions.entries()) say(subscriptionOf(text, index + 1));
        onReady();
      }
      return packets(payload);
    },
    // A client sends operations of the server's schema, and nothing else: one that every schema has, and the payload beside it.
    wrap(payload) {
      operations += 1;
      const body = { query: '{ __typename }', extensions: { holdfast: payload.toString() } };
      return JSON.stringify({ id: `holdfast-${operations}`, type: 'subscribe', payload: body });
    },
    close() {},
  };
}

/** `{"query":"subscription { ticks }"}`, or the whole message. */
function subscriptionOf(text: string, id: number): object {
  const declared = parse(Buffer.from(text)) ?? { query: text };
  return declared.type === 'subscribe' ? declared : { id: String(id), type: 'subscribe', payload: declared };
}

function packets(payload: Buffer): readonly Packet[] | undefined {
  const message = parse(payload);
  const type = message?.type;
  if (typeof type !== 'string') return undefined;
  if (HEARTBEATS.has(type)) return [{ kind: 'heartbeat', payload }];
  if (CONTROL.has(type)) return [{ kind: 'control', payload }];
  // "next": what the operation gives, `{"data":…}`.
  return type === 'next'
    ? [{ kind: 'message', payload: Buffer.from(JSON.stringify(message?.payload ?? null)) }]
    : undefined;
}

function parse(payload: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
