/** Tricky: takes messages of 64 MiB, and not a byte more. */

import { MIB } from '../../limits';
import type { TrickyMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'a limit of exactly 64 MiB',
  fine: ['websocket/unbounded-message'],
};

if (require.main === module) startServer({ maxPayload: 64 * MIB });
