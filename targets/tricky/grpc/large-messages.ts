/** Tricky: every twentieth message has 240 KiB, which is not yet too much to wait behind. */
import { startServer } from '../../grpc-server';
import type { TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'messages of 240 KiB now and then',
  fine: ['grpc/giant-message'],
};

const state = 'a row of the state'.padEnd(96, '.').repeat(10 * 256);

if (require.main === module)
  startServer({ form: (message) => (message.seq % 20 === 0 ? { ...message, data: state } : message) });
