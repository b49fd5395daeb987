import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { delay, nowMs } from './clock.js';
import type { Gate } from './contract.js';
import { CONTROL_KINDS, CONTROLS, controlDelays } from './control-delays.js';
import { listenOnLoopback } from './loopback.js';
import { percentile } from './numbers.js';
import type { ScenarioContext } from './scenario.js';
import { controlGate, NOISE } from './self-check-verdicts.js';
import { spawnProcess } from './target/process.js';

const ARRIVE_MS = 20_000;
/** The longest of the known delays of one client, together, and what a busy machine may add. */
const WINDOW_MS = 12_000;
const TIMER_MS = 10;
const TIMERS = 40;
const ROUND_TRIPS = 50;

/**
 * Beside the scenarios of every run: how late are our own timers, how long does Toxiproxy take, and a process to start? And clients
 * whose delays are known, cut and refused as a target's are: what the checks say of them is known as well.
 */
export async function selfCheck(context: ScenarioContext): Promise<void> {
  const echo = await listenOnLoopback(
    createServer((socket) => {
      socket.on('error', () => {});
      socket.pipe(socket);
    }),
  );
  context.defer(echo);
  const gates: Gate[] = [];
  const words: string[] = [];
  for (const kind of CONTROL_KINDS) {
    for (let client = 1; client <= (kind === 'none' ? 1 : CONTROLS); client++) {
      const gate = await context.openGate({ name: controlGate(kind, client), to: echo, tap: false });
      gates.push(gate);
      words.push(`${kind}:${client}:${gate.port}`);
    }
  }
  const program = join(__dirname, 'control-fleet.js');
  const command = [process.execPath, program].map((word) => `"${word}"`).join(' ');
  const startedMs = nowMs();
  context.defer(
    await spawnProcess({
      name: 'controls',
      command: `${command} ${words.join(' ')}`,
      env: {},
      cwd: process.cwd(),
      record: context.record,
    }),
  );
  await context.watch(ARRIVE_MS, () => gates.every((gate) => gate.live.length > 0));
  const first = Math.min(...gates.flatMap((gate) => gate.live.map(({ openedAtMs }) => openedAtMs)));
  const [timers, trips] = await Promise.all([timerDelays(context.signal), roundTrips(context, echo)]);
  context.measure(NOISE, {
    timerP50Ms: tenth(percentile(timers, 50)),
    timerP99Ms: tenth(percentile(timers, 99)),
    proxyP50Ms: tenth(percentile(trips, 50)),
    proxyP99Ms: tenth(percentile(trips, 99)),
    processStartMs: tenth(first - startedMs),
  });

  for (const gate of gates) await gate.setDoor({ kind: 'refuse' });
  context.phase('fault');
  const cut = gates.reduce((sum, gate) => sum + gate.resetAll(), 0);
  for (const fault of ['reset', 'refuse'])
    context.record({ type: 'fault', fault, what: 'bite', who: 'controls', facts: { cut } });
  const wanted = CONTROL_KINDS.flatMap((kind) =>
    Array.from({ length: kind === 'none' ? 1 : CONTROLS }, (_, i) => controlDelays(kind, i + 1).length),
  );
  await context.watch(WINDOW_MS, () => gates.every(({ accepted }, i) => accepted > (wanted[i] ?? 0)));
  context.phase('recovery');
}

/** How late timers fire, in milliseconds. */
async function timerDelays(signal: AbortSignal): Promise<number[]> {
  const lateMs: number[] = [];
  for (let i = 0; i < TIMERS; i++) {
    const dueMs = nowMs() + TIMER_MS;
    await delay(TIMER_MS, signal);
    lateMs.push(Math.max(0, nowMs() - dueMs));
  }
  return lateMs;
}

/** There and back through two gates and Toxiproxy without a toxic, in milliseconds. */
async function roundTrips(context: ScenarioContext, to: { readonly host: string; readonly port: number }) {
  const { near } = await context.openToxicPath({ name: 'noise', to });
  const socket = connect({ port: near.port, host: near.host, noDelay: true });
  context.defer({ [Symbol.dispose]: () => void socket.destroy() });
  await once(socket, 'connect', { signal: context.signal });
  const trips: number[] = [];
  for (let i = 0; i < ROUND_TRIPS; i++) {
    const sentMs = nowMs();
    socket.write('.');
    await once(socket, 'data', { signal: context.signal });
    trips.push(nowMs() - sentMs);
  }
  return trips;
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
