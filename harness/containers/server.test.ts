import { connect } from 'node:net';
import type { EventBody, ServerSpec } from '../contract.js';
import type { ServerOptions } from '../target/server.js';
import { withContainers } from './here.test.rig.js';
import { nodeImage } from './node-image.test.rig.js';
import { publishAlways, startContainerServer } from './server.js';

/** Says hello, then ends as it is told to: by a reset, or in order. Leaves 200 ms after its stop signal. */
const PROGRAM = `
  const server = require('node:net').createServer((socket) => {
    socket.on('error', () => {}).on('data', (word) => (String(word) === 'reset' ? socket.resetAndDestroy() : socket.end()));
  });
  server.listen(process.env.PORT, process.env.HOST, () => console.log('listening', process.env.COLOUR));
  process.on('SIGINT', () => setTimeout(() => process.exit(7), 200));
`;

function optionsOf(image: string, program = PROGRAM, more: Partial<ServerSpec> = {}) {
  const events: EventBody[] = [];
  const container = { image, command: ['node', '-e', program], port: 8080, env: { COLOUR: 'red' } };
  const spec: ServerSpec = {
    command: `docker run ${image}`,
    container: { ...container, stopSignal: 'SIGINT' },
    stopSignal: 'SIGTERM',
    graceMs: 10_000,
    serialCopies: false,
    quietEnv: {},
    pressureEnv: {},
    ...more,
  };
  const options: ServerOptions = { spec, name: 'server-1', env: {}, cwd: '/', record: (event) => events.push(event) };
  return { events, options };
}

/** How a connection ends whose client says this word; or the error of one that is not taken. */
function endOf(host: string, port: number, word: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => socket.write(word));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('end', () => resolve('FIN')).resume();
  });
}

describe('a server in a container', () => {
  withContainers('is reached at its own address, where its ends are true', async () => {
    const { options } = optionsOf(await nodeImage(), PROGRAM, { readyLog: 'listening red' });
    await using server = await startContainerServer(options);
    expect(server.published).toBe(false);
    expect(server.pids()).toEqual([server.pid]);
    expect(server.memoryBytes()).toBeGreaterThan(2 ** 20);
    expect(await endOf(server.host, server.port, 'reset')).toBe('ECONNRESET');
    expect(await endOf(server.host, server.port, 'end')).toBe('FIN');
    expect(await endOf(server.host, server.port + 1, 'end')).toBe('ECONNREFUSED');
  });

  withContainers('gets the stop signal of its config, and its exit code is seen', async () => {
    const { options, events } = optionsOf(await nodeImage());
    await using server = await startContainerServer(options);
    expect(server.signalStop()).toBe(true);
    expect(await server.gone(10_000)).toBeDefined();
    expect([server.alive(), server.process?.exit?.code]).toEqual([false, 7]);
    expect(events.map((event) => (event.type === 'process' ? event.what : event.type))).toEqual(
      expect.arrayContaining(['spawn', 'ready', 'signal', 'port-gone', 'exit']),
    );
    expect(events).toContainEqual(expect.objectContaining({ what: 'signal', signal: 'SIGINT' }));
  });

  withContainers('is gone when it is killed', async () => {
    const { options } = optionsOf(await nodeImage());
    await using server = await startContainerServer(options);
    server.kill();
    expect(await server.gone(10_000)).toBeDefined();
    expect(server.pids()).toEqual([]);
  });

  withContainers('that ends before it is ready is told with its last words', async () => {
    const program = 'console.error("Error: no database"); process.exit(3)';
    const { options } = optionsOf(await nodeImage(), program);
    const start = startContainerServer(options);
    await expect(start).rejects.toThrow(/exited with code 3 .*before it took connections on port 8080; .*no database/);
  });

  withContainers('has its resets and refusals softened by a published port', async () => {
    publishAlways();
    const { options } = optionsOf(await nodeImage());
    await using server = await startContainerServer(options);
    expect([server.published, server.host]).toEqual([true, '127.0.0.1']);
    expect(await endOf(server.host, server.port, 'reset')).toBe('FIN');
  });
});
