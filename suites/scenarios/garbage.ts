import garbage from '../../faults/garbage.js';
import { defineScenario } from '../../harness/define.js';
import { type GarbageCase, garbageCases, throwGarbage } from '../../harness/drivers/garbage.js';
import { newcomer } from '../../harness/drivers/newcomer.js';
import { sourceHostOf } from '../../harness/drivers/source-host.js';
import { Witnesses } from '../../harness/drivers/witnesses.js';
import { Workers } from '../../harness/drivers/workers.js';
import type { ScenarioContext } from '../../harness/scenario.js';
import type { StartedServer } from '../../harness/target/server.js';

/** So that each worker of any usual server has one. */
const WITNESSES = 6;
const BATCH = 10;
/** A process that is about to die of it takes a moment. */
const DYING_MS = 500;
const SIGN_MS = 5000;
const SERVED_MS = 10_000;

export default defineScenario({
  id: 'garbage',
  about: '250 clients that send malformed, truncated and oversized handshakes and frames, beside six that behave',
  role: 'server',
  lane: 'busy',
  faults: ['garbage'],
  windowMs: 14_000,
  async run(context) {
    const server = await context.startServer();
    context.phase('baseline');
    const witnesses = await Witnesses.open(context, server, WITNESSES);
    const workers = await Workers.of(context, server);
    const died = () => workers.died > 0;
    context.phase('fault');
    let batch: GarbageCase[] = [];
    const cases = garbageCases(context, server);
    for (let thrown = 0; thrown < cases.length && !died(); thrown += BATCH) {
      batch = cases.slice(thrown, thrown + BATCH);
      await context.inject(garbage, misfits(context, server, batch, thrown), { cases: batch.length });
    }
    context.phase('recovery');
    await context.watch(DYING_MS, died);
    const crashes = workers.died;
    const open = witnesses.open;
    const going = await witnesses.goOn(SIGN_MS);
    const served = crashes > 0 ? undefined : await newcomer(context, server, SERVED_MS, { mayRefuse: false });
    context.measure('after garbage', {
      known: workers.count > 0,
      apart: sourceHostOf(server, 0) !== undefined,
      workers: workers.count,
      crashes,
      witnesses: witnesses.count,
      sign: witnesses.sign,
      open,
      going,
      servedMs: served?.tookMs ?? null,
      endAnyway: crashes === 0 && open < witnesses.count && (await witnesses.endAnyway()),
    });
    if (crashes > 0 && context.target.server?.command !== undefined) await blame(context, server, batch);
  },
});

function misfits(context: ScenarioContext, server: StartedServer, batch: readonly GarbageCase[], from: number) {
  return batch.map((one, index) => ({
    kind: one.kind,
    send: () => throwGarbage(context, server, one, sourceHostOf(server, from + index)),
  }));
}

/** Each of the last ones again, alone, on a fresh copy: which of them was it? */
async function blame(context: ScenarioContext, dead: StartedServer, batch: readonly GarbageCase[]): Promise<void> {
  await dead.stop();
  const server = await context.startServer({ name: 'copy' });
  const workers = await Workers.of(context, server);
  for (const one of batch) {
    await throwGarbage(context, server, one);
    const died = await context.watch(DYING_MS, () => workers.died > 0);
    if (died) return context.measure('culprit', { kind: one.kind, stage: one.stage });
  }
}
