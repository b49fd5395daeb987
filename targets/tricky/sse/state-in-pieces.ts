/** Tricky: greets each client with a state of 600 KiB, in events of 15 KiB each: what is large is not one message. */
import type { TrickyMeta } from '../../program';
import { send } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'a state of 600 KiB in forty events',
  fine: ['sse/giant-message'],
};

const rows = 'a row of the state'.padEnd(97, '.').repeat(158);
const pieces = Array.from(
  { length: 40 },
  (_, i) => `event: state\ndata: ${JSON.stringify({ from: i * 158, rows })}\n\n`,
);

if (require.main === module) startServer({ welcome: (stream) => pieces.forEach((piece) => void send(stream, piece)) });
