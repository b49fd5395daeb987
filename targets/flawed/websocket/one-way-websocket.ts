/** Flaw: only listens, for which Server-Sent Events would do. */
import { Outbox } from '../../outbox';
import type { FlawMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const trips = 'websocket/one-way-websocket';
export const meta: FlawMeta = { role: 'client', trips, system: true };

class Silent extends Outbox {
  override post(): void {}
}

if (require.main === module) startClient({ outbox: new Silent() });
