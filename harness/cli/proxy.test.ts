import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ICreateToxicBody, type Proxy as ToxiProxy, Toxiproxy } from 'toxiproxy-node-client';
import { nowMs, within } from '../clock.js';

const MAIN = join(__dirname, 'main.js');

let folder: string;
let echo: Server;
let upstream: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-proxy-'));
  echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  upstream = `127.0.0.1:${portOf(echo)}`;
});
afterAll(() => {
  echo.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Started extends AsyncDisposable {
  readonly url: string;
  readonly said: string;
  /** The exit code after this signal. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

async function startProxy(...args: string[]): Promise<Started> {
  const child = spawn(process.execPath, [MAIN, 'proxy', '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await within('the start of holdfast proxy', 10_000, once(child.stdout, 'data'));
  const said = String(line);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null) return child.exitCode;
    child.kill(signal);
    return exitOf(child);
  };
  const url = /http:\S+(?=,)/.exec(said)?.[0] ?? '';
  return { url, said, end, [Symbol.asyncDispose]: async () => void (await end('SIGTERM')) };
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const [code] = await within('the end of holdfast proxy', 5000, once(child, 'exit'));
  return code;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

describe('holdfast proxy', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'says where it listens and its seed, and ends with 0 after %s',
    async (signal) => {
      await using proxy = await startProxy('--seed', '42');
      expect(proxy.said).toMatch(/^Toxiproxy API 2\.12\.0 on http:\/\/127\.0\.0\.1:\d+, seed 42; Ctrl-C ends it\n$/);
      const { port } = new URL(proxy.url);
      // A connection that is open holds nothing up.
      const open = connect(Number(port), '127.0.0.1').on('error', () => undefined);
      await once(open, 'connect');
      expect(await proxy.end(signal)).toBe(0);
    },
  );

  it('begins with the proxies of --config', async () => {
    const config = join(folder, 'good.json');
    writeFileSync(config, JSON.stringify([{ name: 'a', listen: '127.0.0.1:0', upstream, enabled: true }]));
    await using proxy = await startProxy('--config', config);
    expect(proxy.said).toMatch(/seed \d+/);
    expect(Object.keys(await new Toxiproxy(proxy.url).getAll())).toEqual(['a']);
  });
});

describe('holdfast proxy that cannot be ends with 3 and one sentence', () => {
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  it.each([
    [
      'a port in use',
      () => ['--port', String(portOf(echo))],
      /could not listen on 127.0.0.1:\d+: address already in use: name another port with --port$/,
    ],
    ['a port that is none', () => ['--port', '8o'], /--port must be a whole number from 0 to 65535, not "8o"$/],
    ['a seed that is none', () => ['--seed', '-1'], /--seed must be a whole number/],
    ['no such config', () => ['--config', 'none.json'], /cannot read --config none\.json: ENOENT/],
    [
      'a config that is no JSON',
      () => ['--config', file('bad.json', '{')],
      /could not populate: bad request body: .*bad\.json\)$/,
    ],
    ['a config that is no array', () => ['--config', file('object.json', '{"name":"a"}')], /cannot unmarshal object/],
    [
      'a config without an upstream',
      () => ['--config', file('half.json', '[{"name":"a"}]')],
      /missing required field: upstream at proxy 1/,
    ],
    [
      'a config whose port is in use',
      () => ['--port', '0', '--config', file('busy.json', JSON.stringify([{ name: 'a', upstream, listen: upstream }]))],
      /listen tcp 127\.0\.0\.1:\d+: bind: address already in use/,
    ],
    ['a flag of the original', () => ['--host', '0.0.0.0'], /unknown option '--host'/],
  ])('%s', async (_, args, sentence) => {
    const child = spawn(process.execPath, [MAIN, 'proxy', ...args()], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, said] = ['', ''];
    child.stdout.on('data', (text) => {
      out += text;
    });
    child.stderr.on('data', (text) => {
      said += text;
    });
    const [code] = await within('the end of holdfast proxy', 10_000, once(child, 'close'));
    expect(said.trimEnd()).toMatch(sentence);
    expect(said.trimEnd().split('\n')).toHaveLength(1);
    expect({ code, out }).toEqual({ code: 3, out: '' });
  });
});

describe('toxiproxy-node-client, with the calls of its own tests', () => {
  let proxy: Started;
  let toxiproxy: Toxiproxy;
  beforeAll(async () => {
    proxy = await startProxy();
    toxiproxy = new Toxiproxy(proxy.url);
  });
  afterAll(() => proxy?.[Symbol.asyncDispose]());

  const create = (name: string) => toxiproxy.createProxy({ name, listen: '127.0.0.1:0', upstream, enabled: true });
  const toxicOf = <T extends object>(type: string, attributes: T) =>
    ({ type, name: `${type}-test`, stream: 'downstream', toxicity: 1, attributes }) as ICreateToxicBody<T>;

  it('creates, gets and removes a proxy', async () => {
    const created = await create('get-test');
    expect((await toxiproxy.get('get-test')).name).toBe(created.name);
    await created.remove();
    await expect(toxiproxy.get('get-test')).rejects.toThrow('Request failed with status code 404');
  });

  it('gets the version, and resets', async () => {
    expect(JSON.parse(await toxiproxy.getVersion())).toEqual({ version: '2.12.0' });
    await toxiproxy.reset();
  });

  it('populates, and gets all', async () => {
    const bodies = ['one', 'two'].map((name) => ({ name, listen: '127.0.0.1:0', upstream, enabled: true }));
    const made = await toxiproxy.populate(bodies);
    const all = await toxiproxy.getAll();
    expect(Object.keys(all)).toEqual(['one', 'two']);
    expect(all.one?.toJson()).toEqual(made.one?.toJson());
    for (const one of Object.values(all)) await one.remove();
  });

  it('refuses a second proxy of the same name', async () => {
    const created = await create('duplicate');
    await expect(create('duplicate')).rejects.toThrow('Request failed with status code 409');
    await created.remove();
  });

  it('updates a proxy: disabled, enabled, another upstream', async () => {
    const created = await create('update-proxy-test');
    const { listen } = created;
    const disabled = await created.update({ enabled: false, listen, upstream });
    expect(disabled.enabled).toBe(false);
    const moved = await created.update({ enabled: true, listen, upstream: 'somehost:12345' });
    expect(moved).toMatchObject({ enabled: true, upstream: 'somehost:12345', listen });
    await created.remove();
  });

  it.each([
    ['latency', { latency: 1000, jitter: 100 }],
    ['bandwidth', { rate: 1000 }],
    ['slow_close', { delay: 1000 }],
    ['timeout', { timeout: 5000 }],
    ['slicer', { average_size: 1000, delay: 1000, size_variation: 1000 }],
    ['reset_peer', { timeout: 1000 }],
    ['limit_data', { bytes: 42 }],
  ])('adds, gets, updates and removes a %s toxic', async (type, attributes) => {
    const created = await create(`${type}-test`);
    const toxic = await created.addToxic(toxicOf(type, attributes));
    expect(toxic.attributes).toEqual(attributes);
    expect((await created.getToxic(toxic.name)).toJson()).toEqual(toxic.toJson());
    const doubled = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, value * 2]));
    const updated = await toxic.update({ ...toxic.toJson(), attributes: doubled as unknown as typeof attributes });
    expect(updated.attributes).toEqual(doubled);
    await toxic.remove();
    await expect(created.getToxic(toxic.name)).rejects.toThrow('Request failed with status code 404');
    await created.remove();
  });

  it('and what it sets acts on the traffic', async () => {
    const created = await create('acts');
    await created.addToxic(toxicOf('latency', { latency: 200, jitter: 0 }));
    expect(await roundTrip(created)).toBeGreaterThanOrEqual(199);
    await created.remove();
  });
});

async function roundTrip(proxy: ToxiProxy): Promise<number> {
  const socket = connect(Number(proxy.listen.split(':').at(-1)), '127.0.0.1');
  await once(socket, 'connect');
  const at = nowMs();
  socket.write('x');
  await once(socket, 'data');
  socket.destroy();
  return nowMs() - at;
}

/** What a small client in another language does: its own HTTP library, its own sockets, its own JSON. */
const PYTHON = `
import http.client, json, socket, sys, time
api, upstream = sys.argv[1], sys.argv[2]

def call(method, path, body=None):
    connection = http.client.HTTPConnection(api, timeout=5)
    connection.request(method, path, json.dumps(body) if body is not None else None)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, json.loads(text) if text else None

def ask(listen):
    host, port = listen.rsplit(':', 1)
    with socket.create_connection((host, int(port)), timeout=5) as s:
        at = time.monotonic()
        s.sendall(b'ping')
        answer = s.recv(4)
        return answer.decode(), (time.monotonic() - at) * 1000

seen = {}
seen['version'] = call('GET', '/version')
status, proxy = call('POST', '/proxies', {'name': 'py', 'listen': '127.0.0.1:0', 'upstream': upstream})
seen['create'] = [status, proxy['enabled']]
seen['again'] = call('POST', '/proxies', {'name': 'py', 'upstream': upstream})
seen['plain'] = ask(proxy['listen'])[0]
seen['toxic'] = call('POST', '/proxies/py/toxics', {'type': 'latency', 'attributes': {'latency': 150}})
answer, took = ask(proxy['listen'])
seen['late'] = [answer, took >= 149]
seen['reset'] = call('POST', '/reset')
seen['toxics'] = call('GET', '/proxies/py/toxics')
call('PATCH', '/proxies/py', {'enabled': False})
try:
    ask(proxy['listen'])
except ConnectionRefusedError:
    seen['disabled'] = 'refused'
seen['delete'] = call('DELETE', '/proxies/py')
seen['empty'] = call('GET', '/proxies')
print(json.dumps(seen))
`;

const hasPython = (() => {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
const title = 'a client in Python gets what the original would give it';
if (!hasPython) it.skip(`${title} (no python3 on the PATH)`, () => undefined);
else {
  it(title, async () => {
    await using proxy = await startProxy();
    const child = spawn('python3', ['-c', PYTHON, proxy.url.replace('http://', ''), upstream], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [text] = await within('the Python client', 20_000, once(child.stdout, 'data'));
    const toxic = { attributes: { latency: 150, jitter: 0 }, name: 'latency_downstream', type: 'latency' };
    expect(JSON.parse(String(text))).toEqual({
      version: [200, { version: '2.12.0' }],
      create: [201, true],
      again: [409, { error: 'proxy already exists', status: 409 }],
      plain: 'ping',
      toxic: [200, { ...toxic, stream: 'downstream', toxicity: 1 }],
      late: ['ping', true],
      reset: [204, null],
      toxics: [200, []],
      disabled: 'refused',
      delete: [204, null],
      empty: [200, {}],
    });
  });
}
