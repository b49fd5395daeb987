import { connect } from 'node:net';
import { delay, until } from '../harness/clock.js';
import { withContainers } from '../harness/containers/here.test.rig.js';
import { nodeImage } from '../harness/containers/node-image.test.rig.js';
import { publishAlways, startContainerServer } from '../harness/containers/server.js';
import type { Facts, ServerSpec } from '../harness/contract.js';
import type { StartedServer } from '../harness/target/server.js';
import crash from './crash.js';
import networkCut from './network-cut.js';
import pause from './pause.js';

/** Ends each connection on its first word. */
const PROGRAM = `
  const server = require('node:net').createServer((socket) => socket.on('error', () => {}).on('data', () => socket.end()));
  server.listen(process.env.PORT, process.env.HOST);
`;
/** Less than the 3 s after which the kernel calls an address without anybody an error. */
const SILENT_MS = 1000;

async function startImage(): Promise<StartedServer> {
  const image = await nodeImage();
  const spec: ServerSpec = {
    command: `docker run ${image}`,
    container: { image, command: ['node', '-e', PROGRAM], port: 8080, env: {} },
    stopSignal: 'SIGTERM',
    graceMs: 10_000,
    serialCopies: false,
    quietEnv: {},
    pressureEnv: {},
  };
  return startContainerServer({ spec, name: 'server', env: {}, cwd: '/', record: () => undefined });
}

function evidence() {
  const bites: Facts[] = [];
  return { bites, bite: (facts: Facts) => void bites.push(facts), signal: new AbortController().signal };
}

/** How a connection ends on which a word is said. */
function endOf({ host, port }: StartedServer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => socket.write('word'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('end', () => resolve('FIN')).resume();
  });
}

const soon = (end: Promise<string>) => Promise.race([end, delay(SILENT_MS).then(() => 'silence')]);

describe('the faults of a server that is an image', () => {
  withContainers('pause it, so that it takes connections and says nothing, and wake it', async () => {
    await using server = await startImage();
    const tools = evidence();
    const wake = await pause.value.inject(server, {}, tools);
    expect([tools.bites, server.alive()]).toEqual([[{ pid: server.pid, processes: 1 }], true]);
    const end = endOf(server);
    expect(await soon(end)).toBe('silence');
    await wake();
    expect(await end).toBe('FIN');
  });

  withContainers('leave nothing of one that is still paused when its run ends', async () => {
    const server = await startImage();
    await pause.value.inject(server, {}, evidence());
    await server.stop();
    expect([server.alive(), server.pids()]).toEqual([false, []]);
  });

  withContainers('kill it without a word', async () => {
    await using server = await startImage();
    const tools = evidence();
    await crash.value.inject(server, {}, tools);
    expect([tools.bites, server.alive()]).toEqual([[{ pid: server.pid }], false]);
  });

  for (const ports of ['its own address', 'a published port']) {
    withContainers(`cut it from its network, by ${ports}, and find it where it is afterwards`, async () => {
      if (ports !== 'its own address') publishAlways();
      await using server = await startImage();
      const found: string[] = [];
      const moved = () => void found.push(`${server.host}:${server.port}`);
      const tools = evidence();
      const heal = await networkCut.value.inject(Object.assign(Object.create(server), { moved }), {}, tools);
      expect([tools.bites, server.alive()]).toEqual([[{ networks: 1, pid: server.pid }], true]);
      expect(await soon(endOf(server))).toBe(server.published ? 'ECONNREFUSED' : 'silence');
      await heal();
      expect(found).toEqual([`${server.host}:${server.port}`]);
      await until('it is heard again', async () => (await endOf(server)) === 'FIN', 10_000);
    });
  }
});
