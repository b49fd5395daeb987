import { until } from './clock.js';
import { createContext } from './context.js';
import type { EventBody, Target } from './contract.js';
import { STORY_OPTIONS, STORY_TARGET } from './story.js';
import { pickPort } from './target/ports.js';
import { UNKNOWN_WORKLOAD } from './worker-protocol.js';

const LISTENS = 'require("net").createServer((s) => s.on("data", () => process.exit(7))).listen(process.env.PORT)';

function contextFor(command: string) {
  const events: EventBody[] = [];
  const target: Target = {
    ...STORY_TARGET,
    cwd: __dirname,
    server: { command, stopSignal: 'SIGTERM', graceMs: 5000, serialCopies: false, quietEnv: {}, pressureEnv: {} },
  };
  const context = createContext({
    scenario: 'story',
    target,
    options: STORY_OPTIONS,
    workload: UNKNOWN_WORKLOAD,
    observerKey: 'key',
    engineUrl: 'http://127.0.0.1:1',
    signal: new AbortController().signal,
    emit: (event) => events.push(event),
  });
  const crashes = () => events.filter((event) => event.type === 'process' && event.what === 'crash');
  return { context, crashes };
}

test('a client with a port of its own finds each gate there, one after another', async () => {
  const { context } = contextFor('none');
  await using _all = context;
  const listen = await pickPort();
  const dials = `node -e 'require("net").connect(${listen}).on("error", () => {}); setInterval(() => {}, 1000)'`;
  Object.assign(context.target, { client: { command: dials, listen, pressureEnv: {} } });
  for (const name of ['first', 'second']) {
    await using gate = await context.openGate({ name, to: { host: '127.0.0.1', port: 1 } });
    await using _client = await context.startClient({ name, gate });
    await until('the client is there', () => gate.accepted > 0, 5000);
  }
});

describe('a server that ends', () => {
  test('by itself is a crash of the server, once', async () => {
    const { context, crashes } = contextFor(`node -e '${LISTENS}'`);
    await using _all = context;
    const server = await context.startServer();
    const session = context.openSession({ name: 'one', to: server });
    await until('the crash is recorded', () => crashes().length > 0, 5000);
    await session;
    expect(crashes()).toMatchObject([{ process: 'server-1', code: 7, facts: { role: 'server' } }]);
  });

  test('just after the scenario did is a crash all the same', async () => {
    const dying = 'require("net").createServer(() => setTimeout(() => process.exit(7), 40)).listen(process.env.PORT)';
    const { context, crashes } = contextFor(`node -e '${dying}'`);
    const server = await context.startServer();
    void context.openSession({ name: 'one', to: server });
    await context[Symbol.asyncDispose]();
    expect(crashes()).toMatchObject([{ code: 7 }]);
  });

  test('because it was asked to is none', async () => {
    const { context, crashes } = contextFor(`node -e '${LISTENS}'`);
    await using _all = context;
    const server = await context.startServer();
    server.signalStop();
    await server.gone(5000);
    await server.process?.exited;
    expect(crashes()).toEqual([]);
  });

  test('is not its launcher, which may leave', async () => {
    const { context, crashes } = contextFor(`node -e '${LISTENS}' & sleep 0.5; true`);
    await using _all = context;
    const server = await context.startServer();
    await server.process?.exited;
    expect(server.alive()).toBe(true);
    expect(crashes()).toEqual([]);
  });
});
