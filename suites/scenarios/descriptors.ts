import connectionFlood from '../../faults/connection-flood.js';
import { defineScenario } from '../../harness/define.js';
import { newcomer } from '../../harness/drivers/newcomer.js';
import { sourceHostOf } from '../../harness/drivers/source-host.js';
import { Witnesses } from '../../harness/drivers/witnesses.js';
import { Workers } from '../../harness/drivers/workers.js';

const OPEN_FILES = 256;
const CONNECTIONS = 300;
/** Several processes have 256 each; more than eight are not filled. */
const AT_MOST = 2100;
const WITNESSES = 4;
const OPEN_MS = 3000;
const HELD_MS = 2000;
const SIGN_MS = 5000;
/** Long enough to tell late from never. */
const SERVED_MS = 15_000;

export default defineScenario({
  id: 'descriptors',
  about: 'a server that may have 256 descriptors open, and 300 clients; then they leave',
  role: 'server',
  lane: 'busy',
  ownServer: true,
  faults: ['connection-flood'],
  connections: () => 300,
  windowMs: 12_000,
  unless: () => (process.platform === 'win32' ? 'no limit of descriptors on Windows' : undefined),
  async run(context) {
    const server = await context.startServer({ openFiles: OPEN_FILES });
    context.phase('baseline');
    const witnesses = await Witnesses.open(context, server, WITNESSES);
    const workers = await Workers.of(context, server);
    context.phase('fault');
    let asked = 0;
    const open = (index: number) => {
      asked = index + 1;
      const sourceHost = sourceHostOf(server, index);
      const from = sourceHost === undefined ? {} : { sourceHost };
      return context.openSession({ name: 'flood', to: server, silent: true, openTimeoutMs: OPEN_MS, ...from });
    };
    const flood = await context.inject(connectionFlood, open, { connections: CONNECTIONS, atMost: AT_MOST });
    await context.watch(HELD_MS, () => workers.died > 0);
    const goingMeanwhile = await witnesses.goOn(SIGN_MS);
    await flood.heal();
    context.phase('recovery');
    const served = await newcomer(context, server, SERVED_MS, { mayRefuse: false });
    const going = Math.min(goingMeanwhile, await witnesses.goOn(SIGN_MS));
    const { alive } = workers;
    const { count, sign } = witnesses;
    context.measure('descriptors', {
      openFiles: OPEN_FILES,
      asked,
      alive,
      witnesses: count,
      open: witnesses.open,
      going,
      sign,
      recoveredMs: served?.tookMs ?? null,
      endAnyway: alive && witnesses.open < count && (await witnesses.endAnyway()),
    });
  },
});
