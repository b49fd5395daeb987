import { connect } from 'node:http2';
import { loadCatalog } from '../harness/catalog.js';
import { after, delay, waitFor } from '../harness/clock.js';
import type { Facts, Fault, GateConnection } from '../harness/contract.js';
import { badMessagesOf } from './bad-message.js';
import { idleConnection, idleGate, openPath, openRoom, type Room, toothless } from './evidence.test.rig.js';

/**
 * Each fault by what it acts on, twice: once as it is, and once with that act secretly undone. Evidence is what is there in the first
 * case and not in the second; a fault whose protocols differ is tried in each.
 */
interface Trial {
  readonly fault: string;
  /** A protocol or a kind, where they differ. */
  readonly as?: string;
  readonly params?: Facts;
  /** How long nothing must be seen to bite. */
  readonly quietMs?: number;
  subject(acts: boolean): Promise<Subject>;
}

interface Subject {
  readonly on: unknown;
  /** What others do once it is in force. */
  readonly meanwhile?: () => unknown;
  readonly end?: () => unknown;
}

const BITES_MS = 8000;
const QUIET_MS = 700;

/** A subject of which no more is needed than what tells that the act has acted. */
const fake = (fault: string, on: (acts: boolean) => unknown, more: Partial<Trial> = {}): Trial => ({
  fault,
  subject: async (acts) => ({ on: on(acts) }),
  ...more,
});

/** Who comes while the gate is in force, or was there before. */
function atGate(
  fault: string,
  {
    pick = (room) => room.gate,
    idle = (on) => idleGate(on as Room['gate']),
    before = false,
    comes = true,
    room = {},
    visit = {},
    ...more
  }: Partial<Trial> & {
    readonly pick?: (room: Room) => unknown;
    readonly idle?: (on: unknown) => unknown;
    readonly before?: boolean;
    readonly comes?: boolean;
    readonly room?: Parameters<typeof openRoom>[0];
    readonly visit?: Parameters<Room['visit']>[0];
  } = {},
): Trial {
  return {
    fault,
    async subject(acts) {
      const opened = await openRoom(room);
      if (before) await opened.visit(visit);
      if (before && !room.silent) await waitFor(() => opened.gate.live.some(({ downBytes }) => downBytes > 0), 5000);
      const on = pick(opened);
      return {
        on: acts ? on : idle(on),
        meanwhile: async () => {
          if (!comes) return;
          const socket = await opened.visit(visit);
          socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        },
        end: () => opened[Symbol.asyncDispose](),
      };
    },
    ...more,
  };
}

/** Who asks by HTTP/2 once it is in force. */
function overHttp2(
  fault: string,
  { pick, ...more }: Pick<Trial, 'as' | 'params'> & { readonly pick: (gate: Room['gate']) => unknown },
): Trial {
  return {
    fault,
    async subject(acts) {
      const room = await openRoom();
      return {
        on: pick(acts ? room.gate : idleGate(room.gate)),
        meanwhile: () => {
          const client = connect(`http://127.0.0.1:${room.gate.port}`).on('error', () => {});
          const asked = client.request({ ':method': 'POST', ':path': '/pkg.Feed/Watch' }, { endStream: false });
          asked.on('error', () => {}).resume();
          client.unref();
        },
        end: () => room[Symbol.asyncDispose](),
      };
    },
    ...more,
  };
}

const first = (room: Room): GateConnection | undefined => room.gate.live[0];
const idleFirst = (on: unknown) => idleConnection(on as GateConnection);
const throughToxiproxy = (
  fault: string,
  params: Facts,
  more: (path: { to: unknown }) => object = () => ({}),
): Trial => ({
  fault,
  params,
  quietMs: 2000,
  async subject(acts) {
    const path = await openPath();
    const on = acts ? path : toothless(path);
    const extra = more(path);
    return { on: Object.keys(extra).length > 0 ? { path: on, ...extra } : on, end: () => path[Symbol.asyncDispose]() };
  },
});
const passing = <T>(acts: boolean, act: T, none: T) => ({
  start: async () => ({ ...(acts ? act : none), stop: async () => {} }),
});
const served = { page: undefined, passages: [] as { page?: number }[], timeOut: () => 0 };

const TRIALS: readonly Trial[] = [
  fake('bad-certificate', (acts) => ({ shown: acts ? 1 : 0, refusal: undefined }), { params: { kind: 'expired' } }),
  fake('bad-credentials', (acts) => ({ open: acts ? async () => ({ status: 401 }) : refuses, leave() {} }), {
    params: { credential: 'none' },
  }),
  ...['websocket', 'sse', 'grpc'].flatMap((protocol) =>
    badMessagesOf(protocol).map((what) =>
      fake('bad-message', (acts) => ({ connection: { id: 1, insertDown: () => acts } }), {
        as: `${protocol}, ${what}`,
        params: { what, protocol },
      }),
    ),
  ),
  overHttp2('call-refusal', {
    pick: (gate) => ({ gate, home: { host: '127.0.0.1', port: 9 } }),
    params: { gate: 'room', status: 401, retryAfterS: null },
  }),
  throughToxiproxy('bandwidth', { rateKBps: 200 }, ({ to }) => ({ to })),
  fake('buffering-proxy', (acts) => passing(acts, { lateMs: () => 900 }, { lateMs: () => 3 })),
  fake('caching-proxy', (acts) => passing(acts, { shared: () => true }, { shared: () => false })),
  fake('compressing-proxy', (acts) => passing(acts, { encoding: () => 'gzip' }, { encoding: () => undefined })),
  fake('cancel', (acts) => {
    const stream = { closed: false };
    return [{ end: undefined, stream, cancel: () => acts && Object.assign(stream, { closed: true }) }];
  }),
  atGate('closed-port', { comes: false, params: { gate: 'room' } }),
  fake(
    'connection-flood',
    (acts) => async () => (acts ? { refused: true, status: 503 } : { isOpen: true, terminate() {} }),
    {
      params: { connections: 50, atMost: 100 },
    },
  ),
  fake('crash', (acts) => ({ pid: 7, alive: () => true, kill() {}, gone: async () => (acts ? {} : undefined) })),
  fake(
    'departure',
    (acts) => {
      const session = { isOpen: true, terminate: () => acts && Object.assign(session, { isOpen: false }) };
      return [session];
    },
    { params: { by: 'FIN' }, quietMs: 1500 },
  ),
  ...(['servfail', 'slow', 'moved'] as const).map((kind) =>
    fake('dns', (acts) => zoneOf(acts), { as: kind, params: { kind, to: kind === 'moved' ? '127.0.0.9' : null } }),
  ),
  atGate('edge-outage', { as: 'HTTP/1.1', before: true, params: { status: 503, http2: false } }),
  overHttp2('edge-outage', { as: 'HTTP/2', pick: (gate) => gate, params: { status: 503, http2: true } }),
  atGate('end', { before: true, comes: false }),
  ...['mid-stream', 'instead'].map(
    (where): Trial => fake('error-page', (acts) => proxyOf(acts, where), { as: where, params: { where, status: 524 } }),
  ),
  fake('flapping', (acts) => {
    const flapper = {
      host: '127.0.0.1',
      port: 9,
      dropped: 0,
      dropNewcomers: () => Object.assign(flapper, { dropped: acts ? 2 : 0 }),
    };
    return { gates: [], flapper, home: { host: '127.0.0.1', port: 9 } };
  }),
  atGate('freeze', { pick: first, idle: idleFirst, before: true, comes: false, params: { conn: 1 } }),
  fake('garbage', (acts) => [{ kind: 'opcode 3', send: async () => acts }], { params: { cases: 1 } }),
  fake('goodbye', (acts) => ({ goAway: () => (acts ? 3 : 0) }), { params: { code: 1001 } }),
  atGate('http-refusal', { params: { gate: 'room', status: 401, retryAfterS: null } }),
  atGate('hung-handshake', { params: { gate: 'room' } }),
  fake(
    'idle-cut',
    (acts) => passing(acts, { silent: { openedAtMs: 0, endedAtMs: 60_001 } }, { silent: { openedAtMs: 0 } }),
    {
      params: { idleMs: 60_000 },
    },
  ),
  atGate('idle-forget', {
    before: true,
    comes: false,
    room: { silent: true },
    visit: { silent: true },
    params: { idleMs: 200 },
  }),
  fake(
    'not-http2',
    (acts) => ({
      gate: { setUpstream() {} },
      home: { host: '127.0.0.1', port: 9 },
      hop: { host: '127.0.0.1', port: 9 },
      status: () => (acts ? 502 : undefined),
    }),
    { params: { kind: 'page' } },
  ),
  fake('read-timeout', (acts) => ({
    inner: { live: [], setDoor: async () => {} },
    cuts: () => (acts ? [{ where: 'middle', how: 'RST_STREAM' }] : []),
  })),
  throughToxiproxy('latency', { latencyMs: 300, jitterMs: 0, bothWays: false }),
  throughToxiproxy('latency-spike', { spikeMs: 600 }),
  fake('lost-answer', (acts) => {
    const connection = {
      id: 1,
      ended: false,
      endedBy: undefined,
      reset: () => acts && Object.assign(connection, { endedBy: 'gate' }),
    };
    const listen = (onRequest: undefined | ((request: Facts) => void)) =>
      onRequest?.({ conn: 1, stream: 3, rpc: '/a/B' });
    return { gate: { live: [connection] }, listen };
  }),
  atGate('refuse', { params: { gate: 'room' } }),
  atGate('reset', {
    pick: ({ gate }) => [gate],
    idle: (on) => (on as Room['gate'][]).map(idleGate),
    before: true,
    comes: false,
  }),
  fake(
    'rolling-restart',
    (acts) => ({ gate: {}, old: { alive: () => true, signalStop: () => acts, pid: 7 }, next: undefined }),
    {
      params: { signal: 'SIGTERM' },
    },
  ),
  throughToxiproxy('slicer', { sizeBytes: 1 }),
  atGate('slow-reader', {
    pick: first,
    idle: idleFirst,
    before: true,
    comes: false,
    room: { floods: true },
    params: { bytesPerS: 1024 },
  }),
  atGate('slow-server', {
    before: true,
    comes: false,
    visit: { floods: true },
    idle: (on) => idleGate(on as Room['gate']),
    params: { bytesPerS: 1024 },
  }),
  fake('stop', (acts) => ({ alive: () => true, signalStop: () => acts, pid: 7 }), { params: { signal: 'SIGTERM' } }),
  ...['ended', 'error', 'silent', 'beating'].map((how) =>
    fake(
      'unfinished-answer',
      (acts) => ({ tokens: acts ? 3 : 0, end: async () => {}, fail: async () => {}, beat: () => acts }),
      {
        as: how,
        params: { how, everyMs: 100 },
      },
    ),
  ),
  // With a server and its frames: frame-faults.test.ts.
  fake('held-windows', (acts) => {
    const connection = {
      heldWindows: 0,
      holdWindows(held: boolean) {
        if (held && acts) connection.heldWindows += 1;
      },
    };
    return { live: [connection] };
  }),
  fake('unfinished-handshakes', (acts) => ({ open: async () => (acts ? 200 : 0), [Symbol.dispose]() {} }), {
    params: { connections: 200 },
  }),
  fake('unread-stream', (acts) => ({
    stream: { destroyed: false, state: { localWindowSize: acts ? 0 : 9 } },
    pause() {},
    resume() {},
  })),
  ...(['refused', 'stripped', 'reset', 'unanswered', 'mute'] as const).map((mode) =>
    fake('upgrade-block', (acts) => ({ mode: 'open', passages: [{ blocked: acts }] }), { as: mode, params: { mode } }),
  ),
];

/** Where its evidence is proven instead. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'packet-drop':
    'only in a network namespace: harness/target/namespace.test.ts, and its scenarios send a ping of their own',
};

async function refuses(): Promise<Facts> {
  throw new Error('nobody could be sent');
}

function zoneOf(acts: boolean) {
  const lookups = { address: 0, servfail: 0, slow: 0 };
  let answer: keyof typeof lookups = 'address';
  return {
    lookups,
    address: '',
    get answer() {
      return answer;
    },
    set answer(now: keyof typeof lookups) {
      answer = now;
      // Asked for twice, as soon as it is in force.
      after(0, () => {
        if (acts) lookups[now] += 2;
      });
    },
  };
}

/** A proxy of ours that serves its page, or goes on as if it had none. */
function proxyOf(acts: boolean, where: string) {
  const passages: { page?: number }[] = [];
  return {
    ...served,
    passages,
    timeOut() {
      if (acts) passages.push({ page: 524 });
      return 1;
    },
    set page(status: number | undefined) {
      if (where === 'instead' && status !== undefined) passages.push(acts ? { page: status } : {});
    },
  };
}

const { checks, faults, scenarios } = loadCatalog();
const cases = TRIALS.map(
  (trial) => [trial.as === undefined ? trial.fault : `${trial.fault} (${trial.as})`, trial] as const,
);

async function bitesOf(trial: Trial, acts: boolean): Promise<Facts[]> {
  const fault = faults.find(({ id }) => id === trial.fault) as Fault<unknown, Facts> | undefined;
  if (!fault) throw new Error(`no fault ${trial.fault}`);
  const bites: Facts[] = [];
  const stop = new AbortController();
  const { on, meanwhile, end } = await trial.subject(acts);
  const tools = { bite: (facts: Facts) => void bites.push(facts), signal: stop.signal };
  // Who waits for an act that never comes is told to stop waiting.
  using giveUp = acts ? undefined : after(QUIET_MS, () => stop.abort(new Error('enough')));
  void giveUp;
  try {
    const heal = await fault.inject(on, trial.params ?? {}, tools);
    await meanwhile?.();
    if (acts) await waitFor(() => bites.length > 0, BITES_MS);
    else await delay(trial.quietMs ?? QUIET_MS);
    await heal();
  } catch (error) {
    if (acts) throw error;
  } finally {
    await end?.();
  }
  return bites;
}

async function holdsTo(trial: Trial): Promise<void> {
  expect((await bitesOf(trial, true)).length).toBeGreaterThan(0);
  expect(await bitesOf(trial, false)).toEqual([]);
}

/** Small writes that the kernel joins, and queues that it keeps, where others take this process's time. */
const isAlone = ({ fault }: Trial) =>
  fault.startsWith('slow-') || faults.some(({ id, hop }) => id === fault && hop === 'toxiproxy');
const alone = cases.filter(([, trial]) => isAlone(trial));
const apart = cases.filter(([, trial]) => !isAlone(trial));

describe('the evidence of a fault', () => {
  test.concurrent.each(apart)('%s bites where it acts, and not where its act is undone', (_, trial) => holdsTo(trial));

  test.each(alone)('%s bites where it acts, and not where its act is undone', (_, trial) => holdsTo(trial));

  test('is a contract of every fault that a check may rest on', () => {
    const tried = new Set([...TRIALS.map(({ fault }) => fault), ...Object.keys(ELSEWHERE)]);
    const judged = new Set(checks.map(({ scenario }) => scenario));
    const relied = scenarios.filter(({ id, recordsAs }) => judged.has(recordsAs ?? id)).flatMap((one) => one.faults);
    expect(relied.filter((id) => !tried.has(id))).toEqual([]);
  });
});
