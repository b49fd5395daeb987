import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig, loadConfig, parseSettings } from './config.js';
import { parseSlot } from './config-schema.js';
import { toRunOptions, toTarget } from './settings.js';

const parse = (settings: object) => parseSettings(settings, (field) => field);

describe('a slot', () => {
  it.each([
    ['?last={id}', { in: 'query', name: 'last', value: '{id}' }],
    ['Last-Event-ID: {id}', { in: 'header', name: 'Last-Event-ID', value: '{id}' }],
    ['Cookie:a=b; c=d', { in: 'header', name: 'Cookie', value: 'a=b; c=d' }],
    ['{"from":{id}}', { in: 'message', text: '{"from":{id}}' }],
    ['["sub", "{id}"]', { in: 'message', text: '["sub", "{id}"]' }],
    ['40{"token":"t"}', { in: 'message', text: '40{"token":"t"}' }],
    ['none', { in: 'none' }],
  ])('%s is understood', (given, slot) => {
    expect(parseSlot(given)).toEqual(slot);
  });

  it.each(['', 'last id', '?last', '?=1', '{"a":', 'Bad Name: x', 'A: b\r\nC: d'])('%j is refused', (given) => {
    expect(parseSlot(given)).toBeUndefined();
  });
});

describe('an environment', () => {
  it.each<[unknown, object]>([
    ['A=1,B=2', { A: '1', B: '2' }],
    ['LIST=a,b,C=x=y', { LIST: 'a,b', C: 'x=y' }],
    ['EMPTY=', { EMPTY: '' }],
    [
      { A: 1, B: true },
      { A: '1', B: 'true' },
    ],
  ])('%j is understood', (given, quietEnv) => {
    expect(parse({ quietEnv: given }).quietEnv).toEqual(quietEnv);
  });
});

describe('settings become a target', () => {
  const target = (settings: object, name?: string) => toTarget(parse(settings), name, '/home/me');

  it('with the defaults of the design', () => {
    expect(target({ server: 'node dist/server.js' })).toEqual({
      name: 'server',
      protocol: 'websocket',
      roles: ['server'],
      server: {
        command: 'node dist/server.js',
        stopSignal: 'SIGTERM',
        graceMs: 60_000,
        serialCopies: false,
        quietEnv: {},
        pressureEnv: {},
      },
      path: '/',
      delivery: 'reliable',
      expect: {},
      severity: {},
      known: [],
      env: {},
      cwd: '/home/me',
      insecure: false,
    });
    const { seed, ...options } = toRunOptions(parse({ only: 'no-replay,sse/x' }), 'websocket');
    expect(seed).toBeGreaterThanOrEqual(0);
    expect(options).toEqual({
      scale: 1,
      copies: 8,
      clients: 200,
      long: false,
      engine: 'auto',
      only: ['websocket/no-replay', 'sse/x'],
      skip: [],
    });
  });

  it('named by the program or the address', () => {
    expect(target({ server: 'PYTHONPATH=. python3 -u app/feed.py --port {port}' }).name).toBe('feed');
    expect(target({ client: 'npx tsx src/client.ts' }).name).toBe('client');
    expect(target({ server: './chat', client: 'node c.js' }).name).toBe('chat-c');
    expect(target({ server: 'node -e \'require("./x")\'' }).name).toBe('node');
    expect(target({ url: 'ws://127.0.0.1:8080/feed?x=1' })).toMatchObject({
      name: '127.0.0.1-8080',
      path: '/feed?x=1',
      protocol: 'websocket',
    });
    expect(target({ url: 'ws://[::1]:8080' }).name).toBe('1-8080');
    expect(target({ server: 'x' }, 'chat').name).toBe('chat');
  });

  it('with both roles where there is a server and a client', () => {
    expect(target({ server: 'x', client: 'y', listen: 4000 })).toMatchObject({
      roles: ['server', 'client'],
      client: { command: 'y', listen: 4000, pressureEnv: {} },
    });
  });
});

describe('a config', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    [
      'ts',
      'const server: string = "node x.js"; export default { targets: { chat: { server, stopSignal: "int" } } };',
      {},
    ],
    ['js', 'module.exports = { targets: { chat: { server: "node x.js", stopSignal: "SIGINT" } } };', {}],
    ['js', 'export default { targets: { chat: { server: "node x.js", stopSignal: "SIGINT" } } };', { type: 'module' }],
    ['json', '{ "targets": { "chat": { "server": "node x.js", "stopSignal": "SIGINT" } } }', {}],
    ['yaml', 'targets: { chat: { server: node x.js, stopSignal: SIGINT } }', {}],
  ])('in %s is found and understood', async (extension, text, manifest) => {
    const own = join(folder, `${extension}-${Object.keys(manifest).length}`);
    mkdirSync(own);
    writeFileSync(join(own, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(own, `holdfast.config.${extension}`), text);
    const config = await loadConfig(undefined, own);
    expect(config?.targets.get('chat')).toEqual({ server: 'node x.js', stopSignal: 'SIGINT' });
    expect(config?.folder).toBe(own);
  });

  it('may be absent', async () => {
    await expect(loadConfig(undefined, folder)).resolves.toBeUndefined();
  });

  it('is typed by defineConfig, which changes nothing', () => {
    const config = { targets: { chat: { server: 'x' } } };
    expect(defineConfig(config)).toBe(config);
  });

  it('may declare a command, which holds its id', async () => {
    const config = (command: object) => JSON.stringify({ targets: { shop: { server: 'x', command } } });
    writeFileSync(join(folder, 'shop.json'), config({ type: 'order', id: '{id}' }));
    const loaded = await loadConfig('shop.json', folder);
    expect(loaded?.targets.get('shop')?.command).toEqual({ in: 'message', text: '{"type":"order","id":"{id}"}' });
    writeFileSync(join(folder, 'shop.json'), config({ type: 'order' }));
    await expect(loadConfig('shop.json', folder)).rejects.toThrow(
      /targets.shop.command must be a JSON message with {id}/,
    );
  });

  it('may have an image for a server, started and stopped as it says', () => {
    const server = {
      image: 'chat:2',
      port: 8080,
      env: { WORKERS: 2 },
      ready: { log: 'up' },
      stop: { signal: 'INT', grace: 9 },
    };
    const target = toTarget(parse({ server }), undefined, '/');
    expect(target.name).toBe('chat-2');
    expect(target.server).toMatchObject({
      command: 'docker run chat:2',
      container: { image: 'chat:2', port: 8080, env: { WORKERS: '2' }, stopSignal: 'SIGINT' },
      readyLog: 'up',
      stopSignal: 'SIGINT',
      graceMs: 9000,
    });
    const without = toTarget(parse({ server: { image: 'chat:2', port: 8080 } }), undefined, '/');
    // The image's own is meant then.
    expect(without.server?.container?.stopSignal).toBeUndefined();
    expect(() => parse({ server: { image: 'chat:2' } })).toThrow(/server must be a command or { image, port,/);
  });

  it('cannot name a target so that its results leave their folder', async () => {
    writeFileSync(join(folder, 'bad.json'), '{"targets":{"../x":{"server":"x"}}}');
    await expect(loadConfig('bad.json', folder)).rejects.toMatchObject({ code: 'BAD_CONFIG' });
  });
});
