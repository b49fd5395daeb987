import { defineFault } from '../harness/define.js';
import { HarnessError } from '../harness/errors.js';
import type { StartedServer } from '../harness/target/server.js';

/** A server, and who leads newcomers to where it is now. */
export interface Movable extends StartedServer {
  moved(): void;
}

/** A cable that is pulled: the server lives and hears nobody; who was there is answered by silence, not by an end. */
export default defineFault<Movable, Record<string, never>>({
  id: 'network-cut',
  hop: 'process',
  about: 'the container of the server is taken off its network without a word; healed it is back, for newcomers',
  evidence: 'the network left by a container that lives',
  params: {},
  byHand: { subject: 'server', whole: true, containers: true, defaults: {} },
  async inject(server, _, { bite }) {
    const { container } = server;
    if (!container) throw new HarnessError('NO_CONTAINER', 'network-cut needs a server that is an image');
    const networks = await container.leaveNetworks();
    if (networks > 0 && server.alive()) bite({ networks, pid: server.pid ?? 0 });
    return async () => {
      await container.joinNetworks();
      server.moved();
    };
  },
});
