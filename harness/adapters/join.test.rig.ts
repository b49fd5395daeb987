import { adapterFor, type Opening, type PeerOptions } from '../adapter.js';

/** Our own side of a session as an adapter plays it, and what it sent and came to. */
export function joinAs<Sent>(
  opening: Opening,
  decode: (message: string | Buffer) => Sent,
  more: Partial<PeerOptions> = {},
) {
  const sent: Sent[] = [];
  const ready: (string | undefined)[] = [];
  const peer = adapterFor(opening)?.join({
    opening,
    send: (message) => sent.push(decode(message)),
    name: 'one',
    subscriptions: [],
    resumable: false,
    beats: true,
    onReady: (refusal) => ready.push(refusal),
    ...more,
  });
  peer?.open();
  const hear = (message: string | Buffer) => peer?.receive(Buffer.from(message), typeof message !== 'string');
  return { peer, sent, ready, hear };
}
