/**
 * Flaw: takes messages far beyond the 64 MiB that the check allows. Its 256 MiB are a fuse: a deflate bomb of 1 GiB must not
 * take down the machine that runs this.
 */

import { MIB } from '../../limits';
import type { FlawMeta } from '../../program';
import { startServer } from '../../websocket-server';

export const trips = 'websocket/unbounded-message';
export const meta: FlawMeta = { role: 'server', trips };

if (require.main === module) startServer({ maxPayload: 256 * MIB });
