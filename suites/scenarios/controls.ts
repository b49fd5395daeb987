import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import type { Gate } from '../../harness/contract.js';
import { CONTROL_DELAY_MS, CONTROL_GATE } from '../../harness/outage.js';
import type { GateRequest, ScenarioContext } from '../../harness/scenario.js';
import { spawnProcess } from '../../harness/target/process.js';

const ARRIVE_MS = 60_000;

/** Control clients of known delay, each through its own gate (CHECKLIST rule 6: as many as there are copies). */
export async function startControls(
  context: ScenarioContext,
  count: number,
  watcher: Pick<GateRequest, 'onEvent'> = {},
): Promise<Gate[]> {
  const sink = createServer((socket) => {
    socket.on('error', () => {});
    socket.resume();
  });
  sink.listen(0, '127.0.0.1');
  await once(sink, 'listening');
  context.defer({ [Symbol.dispose]: () => void sink.close() });
  const { port } = sink.address() as AddressInfo;
  const program = join(__dirname, '../../harness/control-client.js');
  const gates: Gate[] = [];
  for (let i = 1; i <= count; i++) {
    const gate = await context.openGate({
      name: `${CONTROL_GATE}${i}`,
      to: { host: '127.0.0.1', port },
      tap: false,
      ...watcher,
    });
    context.defer(
      await spawnProcess({
        name: gate.name,
        command: `"${process.execPath}" "${program}" ${gate.port} ${CONTROL_DELAY_MS}`,
        env: {},
        cwd: process.cwd(),
        record: context.record,
      }),
    );
    gates.push(gate);
  }
  await context.watch(ARRIVE_MS, () => gates.every((gate) => gate.live.length > 0));
  return gates;
}
