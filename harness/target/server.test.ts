import { createServer } from 'node:net';
import { nowMs, until } from '../clock.js';
import type { EventBody, ServerSpec } from '../contract.js';
import { startClient } from './client.js';
import { processStartTime } from './process-table.js';
import { connectServer, type ServerOptions, startServer } from './server.js';
import { pickPort } from './sockets.js';

const events: EventBody[] = [];
const record = (event: EventBody) => void events.push(event);
beforeEach(() => events.splice(0));

const base: ServerSpec = { stopSignal: 'SIGTERM', graceMs: 30_000, serialCopies: false, quietEnv: {}, pressureEnv: {} };
const start = (spec: Partial<ServerSpec>, options: Partial<ServerOptions> = {}) =>
  startServer({ spec: { ...base, ...spec }, name: 'server', env: {}, cwd: __dirname, record, ...options });
const http = (listen: string, before = '') =>
  `node -e '${before};require("http").createServer((q,s)=>s.end("ok")).listen(${listen})'`;
const kinds = () => events.flatMap((event) => (event.type === 'process' ? [event.what] : []));

describe('a server', () => {
  it('gets PORT and HOST, is ready when it accepts, and is stopped by its own signal', async () => {
    await using server = await start({
      command: http('process.env.PORT,process.env.HOST', 'process.on("SIGINT",()=>process.exit(0))'),
      stopSignal: 'SIGINT',
    });
    expect(server).toMatchObject({ host: '127.0.0.1', onLoopback: true, ownChild: true, stopping: false });
    expect(server.pid).toBe(server.process?.pid);
    expect(await (await fetch(`http://127.0.0.1:${server.port}`)).text()).toBe('ok');
    expect(server.memoryBytes()).toBeGreaterThan(10e6);
    expect(server.alive()).toBe(true);
    const since = nowMs();
    expect(server.signalStop()).toBe(true);
    const gone = await server.gone(5_000);
    expect(gone?.atMs).toBeGreaterThan(since);
    expect(server.alive()).toBe(false);
    expect(server.stopping).toBe(true);
    expect(await server.process?.exited).toMatchObject({ code: 0 });
    expect(kinds().sort()).toEqual(['exit', 'port-gone', 'ready', 'signal', 'spawn']);
  });

  it('was gone when its process ended, however late somebody looks', async () => {
    await using server = await start({ command: http('process.env.PORT,process.env.HOST') });
    server.signalStop();
    const exit = await server.process?.exited;
    expect((await server.gone(5_000))?.processGoneAtMs).toBe(exit?.atMs);
  });

  it('is waited for no longer once interrupted, and leaves nothing', async () => {
    const interrupt = new AbortController();
    const starting = start({ command: 'sleep 60' }, { signal: interrupt.signal });
    await until('it is started', () => kinds().includes('spawn'), 5_000);
    const since = nowMs();
    interrupt.abort(new Error('interrupted'));
    await expect(starting).rejects.toThrow('interrupted');
    expect(nowMs() - since).toBeLessThan(2_000);
    expect(kinds()).toContain('killed');
  });

  it('may listen on ::1 only, and take its port from the command', async () => {
    await using server = await start({ command: http('{port},"::1"') });
    expect(server.host).toBe('::1');
    expect(server.ownChild).toBe(true);
  });

  it('is signalled where the socket is, not at the shell around it', async () => {
    await using server = await start({ command: `cd / && ${http('{port},"{host}"')}; echo after` });
    expect(server.ownChild).toBe(false);
    expect(server.pid).not.toBe(server.process?.pid);
    server.signalStop();
    expect(await server.gone(5_000)).toBeDefined();
    await until('the shell goes on', () => server.process?.stdoutTail.includes('after'), 2_000);
  });

  it('is killed with the shell around it, runs no handler, and may come back on its port', async () => {
    const handler = 'process.on("SIGTERM",()=>console.log("bye"))';
    await using server = await start({ command: `cd / && ${http('{port},"{host}"', handler)}; echo after` });
    server.kill();
    expect(await server.gone(5_000)).toBeDefined();
    expect(server.stopping).toBe(true);
    await until('the shell is gone', () => server.process?.exit, 5_000);
    expect(server.process?.stdoutTail).toEqual([]);
    await using again = await start({ command: http('{port},"{host}"') }, { port: server.port });
    expect(again.port).toBe(server.port);
  });

  it('may be a daemon, which ends with us', async () => {
    const script = `import os,socket,time
if os.fork(): os._exit(0)
os.setsid()
time.sleep(0.5)
s=socket.socket();s.bind(("127.0.0.1",int(os.environ["PORT"])));s.listen();time.sleep(60)`;
    const server = await start({ command: `python3 -c '${script}'` });
    expect(server.ownChild).toBe(false);
    const pid = server.pid ?? 0;
    expect(server.alive()).toBe(true);
    await server.stop();
    expect(processStartTime(pid)).toBeUndefined();
  });

  it('is ready by its log line, then by its port', async () => {
    const since = nowMs();
    await using server = await start({
      command: http('process.env.PORT', 'setTimeout(()=>console.error("now READY"),700)'),
      readyLog: 'READY$',
    });
    expect(nowMs() - since).toBeGreaterThan(700);
    expect(server.host).toBe('127.0.0.1');
  });

  it('is ready by a URL that answers 2xx', async () => {
    const script =
      'let n=0;require("http").createServer((q,s)=>{s.statusCode=q.url=="/up"&&++n>3?204:503;s.end()}).listen(process.env.PORT)';
    await using server = await start({ command: `node -e '${script}'`, readyUrl: 'http://{host}:{port}/up' });
    expect((await fetch(`http://127.0.0.1:${server.port}/`)).status).toBe(503);
  });

  it('that ignores PORT is told the port on which it listens', async () => {
    const port = await pickPort();
    await expect(start({ command: http(`${port}`) }, { deadlineMs: 2_500 })).rejects.toMatchObject({
      code: 'NOT_READY',
      message: expect.stringMatching(new RegExp(`listens on ${port}, not on PORT \\d+: use --port ${port}`)),
    });
  });

  it.each([
    [{ command: 'sh -c "echo no config >&2; exit 4"' }, 'TARGET_DIED', /exited with code 4 .* no config/],
    [{ command: 'sleep 60' }, 'NOT_READY', /nothing took connections on port \d+ .*printed nothing/],
    [{ command: http('process.env.PORT'), readyLog: 'never' }, 'NOT_READY', /no line matched --ready-log never/],
    [{ command: http('process.env.PORT'), readyUrl: 'http://{host}:1/x' }, 'NOT_READY', /:1\/x does not answer/],
    [{ command: 'no-such-server' }, 'TARGET_NOT_FOUND', /not found/],
    [{ command: 'A=1 no-such-server' }, 'TARGET_NOT_FOUND', /not found/],
  ])('that does not come up is named with what was seen: %j', async (spec, code, message) => {
    await expect(start(spec, { deadlineMs: 1_500 })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(kinds()).not.toContain('ready');
  });

  it('is refused a fixed port that is taken, by whom', async () => {
    await using first = await start({ command: http('process.env.PORT') });
    await expect(start({ command: http('process.env.PORT'), port: first.port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(`by process ${first.pid} (node`),
    });
    await first.stop();
    await using second = await start({ command: http('process.env.PORT') }, { port: first.port });
    expect(second.port).toBe(first.port);
  });

  it('that runs already is left alone', async () => {
    const mine = createServer().listen(0, '127.0.0.1');
    await until('it listens', () => mine.listening, 2_000);
    const { port } = mine.address() as { port: number };
    await using server = await connectServer({ ...base, url: `ws://localhost:${port}/feed` });
    expect(server).toMatchObject({ host: '127.0.0.1', port, pid: process.pid, ownChild: false, process: undefined });
    expect(server.memoryBytes()).toBeGreaterThan(10e6);
    expect(() => server.signalStop()).toThrow(/not started by Holdfast/);
    await server.stop();
    expect(mine.listening).toBe(true);
    mine.close();
    const away = await connectServer({ ...base, url: 'wss://example.com/feed' });
    expect(away).toMatchObject({ host: 'example.com', port: 443, onLoopback: false, pid: undefined });
    expect(away.memoryBytes()).toBeUndefined();
  });
});

describe('a client', () => {
  const client = (command: string, settleMs?: number) =>
    startClient({
      spec: { command, pressureEnv: {} },
      name: 'client',
      url: 'ws://127.0.0.1:1/a?b=1&c=2',
      env: {},
      cwd: __dirname,
      record,
      ...(settleMs === undefined ? {} : { settleMs }),
    });

  it('is told where to go, by environment and by {url}', async () => {
    await using started = await client(
      `node -e 'console.log(process.env.TARGET_URL, process.argv[1]);setInterval(()=>0,9)' {url}`,
    );
    await until('it has spoken', () => started.process.stdoutTail.length > 0, 5_000);
    expect(started.process.stdoutTail[0]).toBe('ws://127.0.0.1:1/a?b=1&c=2 ws://127.0.0.1:1/a?b=1&c=2');
  });

  it('that dies at once is an error, unless asked to look no further', async () => {
    await expect(client('sh -c "echo bad >&2; exit 2"')).rejects.toMatchObject({ code: 'TARGET_DIED' });
    await using started = await client('sh -c "exit 2"', 0);
    expect(await started.process.exited).toMatchObject({ code: 2 });
  });
});
