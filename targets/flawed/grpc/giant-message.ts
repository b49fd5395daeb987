/** Flaw: each eighth message holds the whole state, 600 KiB. */
import { startServer } from '../../grpc-server';
import type { FlawMeta } from '../../program';

export const trips = 'grpc/giant-message';
export const meta: FlawMeta = { role: 'server', trips };

const state = 'a row of the state'.padEnd(100, '.').repeat(6 * 1024);

if (require.main === module)
  startServer({ form: (message) => (message.seq % 8 === 0 ? { ...message, data: state } : message) });
