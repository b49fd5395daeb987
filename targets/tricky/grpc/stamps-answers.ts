/** Tricky: names in each answer the time at which it was given, so that the two to one order differ. */
import { startServer } from '../../grpc-server';
import { ORDERS, type TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'the time of the answer in the answer to an order',
  fine: ['grpc/duplicate-execution'],
  words: ORDERS,
};

if (require.main === module) startServer({ ordered: (answer) => ({ ...answer, at: Date.now() }) });
