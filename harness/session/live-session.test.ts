import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { nowMs, until } from '../clock.js';
import type { Target } from '../contract.js';
import { openRun } from '../saved-run.js';
import { toRunOptions, toTarget } from '../settings.js';
import { type SessionApi, serveSession } from './api.js';
import { exportSession } from './export.js';
import { type LiveSession, openSession } from './live-session.js';
import { runPrompt } from './prompt.js';

const SECRET = 's3cret-of-a-user';
let folder: string;
let server: WebSocketServer;
let target: Target;
const clients: WebSocket[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-session-'));
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    socket.on('message', (said) => socket.send(`${said} ${SECRET}`));
  });
  await until('it listens', () => server.address() !== null, 2000);
  const { port } = server.address() as { port: number };
  const settings = {
    url: `ws://127.0.0.1:${port}/?token=${SECRET}`,
    auth: { in: 'header', name: 'Authorization', value: SECRET },
    engine: 'embedded',
  } as const;
  target = { ...toTarget(settings, 'chat', folder), roles: ['server', 'client'] };
});

afterAll(() => {
  for (const client of clients) client.terminate();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function begin(recordPayloads = false): Promise<LiveSession> {
  const options = toRunOptions({ engine: 'embedded', seed: 7 }, 'websocket');
  return openSession({ target, options, resultsDir: folder, recordPayloads, signal: new AbortController().signal });
}

async function come(
  { gate }: LiveSession,
  query = `?token=${SECRET}&pin=4711`,
): Promise<WebSocket & { seen: { codes: number[] } }> {
  const seen = { codes: [] as number[] };
  const socket = new WebSocket(`ws://127.0.0.1:${gate.port}/${query}`, { headers: { 'x-api-key': SECRET } });
  clients.push(socket);
  socket.on('error', () => undefined).on('close', (code) => seen.codes.push(code));
  await until('it is open', () => socket.readyState === WebSocket.OPEN, 5000);
  return Object.assign(socket, { seen });
}

async function tripMs(socket: WebSocket): Promise<number> {
  const startMs = nowMs();
  const back = new Promise((resolve) => socket.once('message', resolve));
  socket.send('question');
  await back;
  return nowMs() - startMs;
}

const inject = (session: LiveSession, fault: string, more: object = {}) =>
  session.hands.inject(
    {
      fault,
      params: paramsOf(session, fault),
      scope: 'all',
      forMs: undefined,
      inMs: 0,
      times: 1,
      everyMs: 1000,
      ...more,
    },
    'script',
  );
const paramsOf = ({ controls }: LiveSession, fault: string) =>
  Object.fromEntries(
    controls.find((one) => one.fault === fault)?.parameters.map(({ name, value }) => [name, value]) ?? [],
  );

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

function ask(
  { url }: SessionApi,
  path: string,
  how: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = how;
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, url), { method, headers, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    sent.on('error', reject).end(body);
  });
}

function reaches(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => resolve(true)).on('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

const post = (api: SessionApi, path: string, facts: unknown) =>
  ask(api, path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(facts) });

function artefacts(directory: string): string {
  return readdirSync(directory)
    .map((name) => readFileSync(join(directory, name), 'utf8'))
    .join('\n');
}

describe('a session by hand', () => {
  it('makes a live connection late, heals it, cuts it, and saves a run that can be done again', async () => {
    const session = await begin();
    const one = await come(session);
    const two = await come(session);
    expect(await tripMs(one)).toBeLessThan(250);
    const late = await inject(session, 'latency', {
      params: { latencyMs: 300, jitterMs: 0, bothWays: false },
      scope: { conn: 1 },
    });
    expect(await tripMs(one)).toBeGreaterThan(295);
    expect(await tripMs(two)).toBeLessThan(250);
    expect(await session.hands.heal((act) => act === late)).toBe(1);
    expect(await tripMs(one)).toBeLessThan(250);
    await inject(session, 'reset');
    await until('both are cut', () => one.seen.codes.length + two.seen.codes.length === 2, 5000);
    expect([one.seen.codes, two.seen.codes]).toEqual([[1006], [1006]]);
    expect(session.lanes.lanes(nowMs()).map(({ state, ended }) => `${state} ${ended}`)).toEqual([
      'ended gate RST',
      'ended gate RST',
    ]);
    const run = await session.finish();
    expect(run.summary.grade).toBeNull();
    const steps = (await exportSession(openRun(session.directory))).steps.map((step) =>
      step.do === 'inject' ? [step.fault, step.on] : step.do,
    );
    expect(steps).toEqual([['latency', { nth: 0 }], 'heal', ['reset', 'all']]);
    expect(await exportSession(openRun(session.directory))).toMatchObject({
      protocol: 'websocket',
      seed: 7,
      connections: 2,
    });
  }, 60_000);

  it('keeps newcomers away while it is told to, a share of them or all, and lets them in when it is healed', async () => {
    const session = await begin();
    await inject(session, 'refuse');
    await expect(come(session)).rejects.toThrow('it is open');
    await inject(session, 'hung-handshake');
    const hanging = come(session);
    hanging.catch(() => undefined);
    await until('it hangs', () => session.gate.live.length > 0, 5000);
    await session.hands.heal();
    await until('it is let go', () => session.gate.live.length === 0, 2000);
    expect(session.hands.inForce).toEqual([]);
    await come(session);
    await session.finish();
  }, 60_000);

  it('does what it is told later, again and again, and not any more once it is healed', async () => {
    const session = await begin();
    const first = await come(session);
    const hand = { fault: 'end', params: {}, scope: 'all', forMs: undefined, inMs: 50, times: 3, everyMs: 50 } as const;
    await session.hands.inject(hand, 'script');
    await until('it is ended', () => first.seen.codes.length > 0, 5000);
    await until('all three are done', () => session.hands.inForce.length === 0, 5000);
    await session.hands.inject({ ...hand, inMs: 60_000 }, 'script');
    expect(session.hands.inForce).toMatchObject([{ fault: 'end', state: 'scheduled', left: 3 }]);
    expect(await session.hands.heal()).toBe(1);
    expect(session.hands.inForce).toEqual([]);
    await session.finish();
  }, 60_000);

  it('leaves in no artefact a secret of a URL, a header or a message, nor its own token', async () => {
    const session = await begin();
    const api = await serveSession(session, () => undefined);
    const client = await come(session);
    await tripMs(client);
    const told =
      (await ask(api, 'api/state')).text + (await ask(api, 'api/session')).text + (await ask(api, 'api/events')).text;
    await api[Symbol.asyncDispose]();
    await session.finish();
    const kept = artefacts(session.directory);
    const token = new URL(api.url).pathname.split('/')[1] ?? '';
    for (const secret of [SECRET, 'question', '4711"', token])
      expect([secret, kept.includes(secret)]).toEqual([secret, false]);
    expect(kept).not.toMatch(/"number":4711/);
    for (const secret of [SECRET, token]) expect(told).not.toContain(secret);
    expect(readdirSync(session.directory)).not.toContain('payloads.jsonl');
  }, 60_000);

  it('keeps payloads only where it was asked to, and for their owner alone', async () => {
    const session = await begin(true);
    await tripMs(await come(session));
    await session.finish();
    const file = join(session.directory, 'payloads.jsonl');
    expect(readFileSync(file, 'utf8')).toContain(`"text":"question ${SECRET}"`);
    expect(statSync(file).mode & 0o077).toBe(0);
    expect(readFileSync(join(session.directory, 'history.jsonl'), 'utf8')).not.toContain(SECRET);
  }, 60_000);
});

describe('the prompt of a session', () => {
  const lines = async (session: LiveSession, ...said: readonly string[]) => {
    const [output, errors] = [new PassThrough(), new PassThrough()];
    const input = Readable.from([`${said.join('\n')}\n`]);
    const done = runPrompt(session, { input, output, errors }, new AbortController().signal);
    await done;
    return String(output.read() ?? '');
  };

  it('does the lines of a script one after another, until they end', async () => {
    const session = await begin();
    const client = await come(session);
    const said = await lines(
      session,
      'help',
      'refuse for 60s',
      'status',
      'heal',
      'reset',
      'wait 200ms',
      'lanes',
      'verdicts',
    );
    expect(said).toMatch(
      /in 5s[\s\S]*refuse: act 1, now[\s\S]*1 refuse in force[\s\S]*healed 1[\s\S]*ended[\s\S]*gate RST/,
    );
    expect(client.seen.codes).toEqual([1006]);
    await session.finish();
  }, 60_000);

  it('ends at a line that cannot be done, since what follows was meant to come after it', async () => {
    const session = await begin();
    await expect(lines(session, 'latncy', 'refuse')).rejects.toThrow('did you mean latency?');
    await expect(lines(session, 'freeze', 'refuse')).rejects.toThrow('needs an open connection');
    expect(session.hands.inForce).toEqual([]);
    await session.finish();
  }, 60_000);
});

describe('the HTTP API of a session', () => {
  let session: LiveSession;
  let api: SessionApi;
  let ended = 0;
  beforeAll(async () => {
    session = await begin();
    api = await serveSession(session, () => {
      ended += 1;
    });
  }, 60_000);
  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    await session.finish();
  }, 60_000);

  it('listens on loopback alone, and serves the page with nothing from elsewhere', async () => {
    expect(new URL(api.url).hostname).toBe('127.0.0.1');
    const others = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []);
    for (const host of ['127.0.0.2', ...others.filter((address) => address.includes('.') && address !== '127.0.0.1')])
      for (const port of [session.gate.port, Number(new URL(api.url).port)])
        expect([host, await reaches(host, port)]).toEqual([host, false]);
    const page = await ask(api, '.');
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    const files = page.text + (await ask(api, 'page.js')).text + (await ask(api, 'page.css')).text;
    expect(files).not.toMatch(/https?:\/\/|innerHTML|eval\(|document\.write/);
  });

  it('answers no rebound name, no other origin, no wrong token, no preflight, and never allows another origin', async () => {
    const wrong = api.url.replace(/\/[\w-]+\/$/, '/wrong/');
    const answers = [
      await ask(api, 'api/state', { headers: { host: 'evil.example' } }),
      await ask(api, 'api/state', { headers: { origin: 'https://evil.example' } }),
      await ask({ ...api, url: wrong }, 'api/state'),
      await ask({ ...api, url: wrong }, '.'),
      await ask(api, 'api/inject', {
        method: 'OPTIONS',
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
      }),
      await ask(api, 'api/inject', {
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
        body: '{"fault":"reset"}',
      }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([421, 403, 404, 404, 403, 415]);
    for (const { headers } of answers)
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('serves no file but its own', async () => {
    const paths = [
      '../../../package.json',
      '..%2f..%2fpackage.json',
      'page/page.html',
      'guard.js',
      '__proto__',
      'constructor',
      'api/toString',
    ];
    for (const path of paths) expect([path, (await ask(api, path)).status]).toEqual([path, 404]);
  });

  it('says in a sentence what is wrong with a request, and injects nothing then', async () => {
    const wrong: (readonly [unknown, string])[] = [
      [{ fault: 'latncy' }, 'did you mean latency?'],
      [{ fault: 'latency', params: { to: 'evil.example' } }, 'has no parameter'],
      [{ fault: 'latency', scope: 'evil' }, 'must be'],
      [{ fault: 'stop' }, 'there is no fault'],
      [{ fault: 'freeze' }, 'needs an open connection'],
      [{ fault: 'reset', times: 1e9 }, 'too often'],
      [[], 'must be a JSON object'],
    ];
    for (const [body, said] of wrong) {
      const answer = await post(api, 'api/inject', body);
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(said)]);
    }
    expect((await post(api, 'api/inject', { fault: 'reset', params: { x: 'y'.repeat(100_000) } })).text).toContain(
      '64 KiB',
    );
    expect(session.hands.inForce).toEqual([]);
  });

  it('injects, tells what is in force, and heals', async () => {
    expect(JSON.parse((await post(api, 'api/inject', { fault: 'refuse' })).text)).toEqual({ act: expect.any(Number) });
    expect(JSON.parse((await ask(api, 'api/state')).text).acts).toMatchObject([
      { fault: 'refuse', state: 'in force', by: 'script' },
    ]);
    expect(JSON.parse((await post(api, 'api/heal', {})).text)).toEqual({ healed: 1 });
    expect(JSON.parse((await post(api, 'api/end', {})).text)).toEqual({ ending: true });
    expect(ended).toBe(1);
  });

  it('heals what a page did when the page is gone, and leaves alone what others did', async () => {
    const stream = request(new URL('api/stream', api.url), { agent: false });
    const page = new Promise<string>((resolve) => {
      stream.on('response', (answer) =>
        answer.on('data', (chunk) => resolve(/"page":"([^"]+)"/.exec(String(chunk))?.[1] ?? '')),
      );
    });
    stream.on('error', () => undefined).end();
    await post(api, 'api/inject', { fault: 'refuse', page: await page });
    await post(api, 'api/inject', { fault: 'hung-handshake' });
    expect(session.hands.inForce.map(({ by }) => by)).toEqual(['page', 'script']);
    stream.destroy();
    await until('it is healed', () => session.hands.inForce.length === 1, 10_000);
    expect(session.hands.inForce.map(({ by }) => by)).toEqual(['script']);
    await session.hands.heal();
  }, 20_000);
});
