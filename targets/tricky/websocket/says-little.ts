/** Tricky: hears a message every 200 ms and says one itself every 15 s: seldom is not never. */
import type { WebSocket } from 'ws';
import { Outbox } from '../../outbox';
import type { TrickyMeta } from '../../program';
import { startClient } from '../../websocket-client';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'hears 75 messages for each that it says',
  fine: ['websocket/one-way-websocket'],
  system: true,
};

class Terse extends Outbox {
  #seconds = 0;

  override post(socket: WebSocket): void {
    if (this.#seconds++ % 15 === 14) super.post(socket);
  }
}

if (require.main === module) startClient({ outbox: new Terse() });
