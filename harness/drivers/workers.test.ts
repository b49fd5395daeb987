import { until } from '../clock.js';
import type { ScenarioContext } from '../scenario.js';
import { startServer } from '../target/server.js';
import { canReadSockets } from '../target/sockets.js';
import { Workers } from './workers.js';

const here = canReadSockets().ok ? it : it.skip;

/** Listens, forks one worker that shares the socket, and starts it anew whenever it dies. */
const PREFORK = `
import os, socket, time
s = socket.socket(); s.bind(("127.0.0.1", int(os.environ["PORT"]))); s.listen()
while True:
  if os.fork() == 0:
    time.sleep(60); os._exit(0)
  os.wait()
`;

here('a worker that is replaced has died, though the process that started it lives', async () => {
  const context = { watch: async () => undefined } as unknown as ScenarioContext;
  await using server = await startServer({
    spec: {
      command: `python3 -c '${PREFORK}'`,
      stopSignal: 'SIGTERM',
      graceMs: 1000,
      serialCopies: false,
      quietEnv: {},
      pressureEnv: {},
    },
    name: 'prefork',
    env: {},
    cwd: __dirname,
    record: () => undefined,
  });
  await until('it has forked', () => server.holders().length === 2, 10_000);
  const workers = await Workers.of(context, server);
  expect([workers.count, workers.died, workers.alive]).toEqual([2, 0, true]);
  const child = server.holders().find(({ pid }) => pid !== server.pid);
  process.kill(child?.pid ?? 0, 'SIGKILL');
  await until('the worker is gone', () => workers.died === 1, 10_000);
  expect([server.alive(), workers.alive]).toEqual([true, false]);
});
