import { defineScenario } from '../../harness/define.js';

const ARRIVE_MS = 60_000;
const WATCH_MS = 45_000;

/** What a message says of itself that is no message of the application's, whichever way it goes. */
const PROTOCOL_WORDS = [
  ...['ping', 'pong', 'heartbeat', 'heart_beat', 'keepalive', 'keep-alive', 'hb', 'beat'],
  ...['subscribe', 'unsubscribe', 'sub', 'unsub', 'subscribed', 'join', 'leave', 'phx_join', 'phx_reply', 'phx_leave'],
  ...[
    'auth',
    'authenticate',
    'authorize',
    'login',
    'hello',
    'welcome',
    'identify',
    'connect',
    'connected',
    'disconnect',
  ],
  ...[
    'connection_init',
    'connection_ack',
    'init',
    'ready',
    'resume',
    'resumed',
    'ack',
    'nack',
    'acknowledge',
    'confirm',
  ],
  ...[
    'confirm_subscription',
    'eth_subscribe',
    'eth_unsubscribe',
    'pusher:subscribe',
    'pusher:unsubscribe',
    'pusher:ping',
    'pusher:pong',
    'reject_subscription',
    'complete',
  ],
];

export default defineScenario({
  id: 'directions',
  about: "the client's own session with the server, watched: who sends what to whom?",
  role: 'server',
  lane: 'quiet',
  faults: [],
  windowMs: WATCH_MS + 3000,
  async run(context) {
    const server = await context.startServer();
    const gate = await context.openGate({ name: 'client', to: server });
    await context.startClient({ name: 'client', gate });
    await context.watch(ARRIVE_MS, () => gate.live.find(({ downBytes }) => downBytes > 0));
    const spelled = PROTOCOL_WORDS.flatMap((word) => [
      word,
      word.toUpperCase(),
      word[0]?.toUpperCase() + word.slice(1),
    ]);
    const hashes = spelled.map((word, index) => [index, context.observer.hash(word)]);
    context.measure('protocol words', Object.fromEntries(hashes));
    context.phase('baseline');
    await context.watch(context.ms(WATCH_MS));
    context.measure('watched', { sessions: gate.accepted, open: gate.live.length });
  },
});
