import type { EventBodyAt, EventOf, HistoryView } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { inWords, median } from '../../harness/numbers.js';

/** Messages closer together than this are the service itself, not a heartbeat (CHECKLIST rule 11). */
const BUSY_GAP_MS = 5000;
/** Times the idle timeout: it has acted by then. */
const OUTLIVED = 1.05;

type Path = EventOf<'measure'>;

export default defineCheck({
  id: 'idle-cut',
  protocols: ['websocket', 'sse', 'grpc'],
  patterns: ['client-streaming', 'server-streaming', 'bidirectional'],
  level: 'MUST',
  antiPattern: 4,
  role: 'server',
  scenario: 'idle-proxies',
  title: 'MUST keep an idle connection alive through a proxy that drops it after 60 s',
  why: 'Between a server and its users there is always a proxy, a load balancer or a NAT, and each ends or forgets what has been idle for 30 to 100 s. Where nothing is sent, every quiet user is cut off.',
  fix: 'Send a protocol ping (or a small message) to every client each 15 to 25 s. A longer proxy timeout (proxy_read_timeout, timeout tunnel) helps only with the proxies that are yours.',
  source:
    'CHECKLIST rule 16; nginx, "WebSocket proxying": "By default, the connection will be closed if the proxied server does not transmit any data within 60 seconds"',
  inProtocol: {
    grpc: {
      title: 'MUST keep an idle call alive through a proxy that ends it after 60 s',
      fix: 'Send a small message on each stream that was quiet for 15 to 25 s. A PING goes no further than the proxy: nginx takes it for activity, HAProxy does not. A longer timeout (grpc_read_timeout, timeout server) helps only with the proxies that are yours.',
      source:
        'CHECKLIST rule 16; nginx, grpc_read_timeout, 60 s by default: "If the gRPC server does not transmit anything within this time, the connection is closed"',
    },
    sse: {
      fix: 'Send a comment (`: beat` and a blank line) to every client each 15 to 25 s. A longer proxy timeout (proxy_read_timeout, timeout server) helps only with the proxies that are yours.',
      source:
        'CHECKLIST rule 16; nginx, proxy_read_timeout, 60 s by default: "If the proxied server does not transmit anything within this time, the connection is closed"',
    },
  },
  measured: { survivesIdleS: 's', cutBy: 'nginx | haproxy | gate' },
  expect: { idleS: 60 },
  judge(history, { target, expect, options }) {
    const paths = history.measures('idle path');
    const isStream = target.protocol !== 'websocket';
    const wasCut = (path: Path) => endedByProxy(history, path) && !saidEnd(history, path, isStream);
    const lived = (path: Path) => path.facts.open === true || (isStream && outlived(history, path, options.scale));
    const decided = paths.filter((path) => isBitten(history, path) && (wasCut(path) || lived(path)));
    const times = [...new Set(decided.map(({ facts }) => Number(facts.idleS)))].sort((a, b) => a - b);
    const survived = times.filter((idleS) => decided.every((path) => path.facts.idleS !== idleS || !wasCut(path)));
    const goalS = options.idleS ?? expect.idleS ?? 60;
    const at = decided.filter(({ facts }) => facts.idleS === goalS);
    const cut = at.filter((path) => wasCut(path));
    const measured = { survivesIdleS: survived, cutBy: cut.map(({ facts }) => facts.by).join(', ') || null };
    const because = [...at, ...at.flatMap((path) => bitesOf(history, path))];
    if (cut.length > 0)
      return fail(`cut off by a proxy's idle timeout of ${goalS} s (${measured.cutBy})`, { measured, because });
    if (at.length === 0) return inconclusive(whyUndecided(paths, goalS), { measured, because: paths });
    if (isBusy(history, at, goalS * 1000, options.scale)) {
      const given = Object.keys(target.server?.quietEnv ?? {}).length > 0;
      return skipped(`${given ? '' : 'needs --quiet-env: '}the server is never silent`, { measured });
    }
    const missing = history.of('obstacle').flatMap(({ code, text }) => (code === 'NO_PROXY' ? [text] : []));
    const warning = survived.includes(30) || !times.includes(30) ? '' : '; not one of 30 s, which some have';
    const note = missing.length > 0 ? ` (${missing.join(', ')})` : '';
    return pass(`lives through idle timeouts of ${survived.join(', ')} s${warning}${note}`, { measured, because });
  },
  examples: { pass: story(true), fail: story(false) },
});

/** Its silent companion, through the same proxy, was cut: the proxy does what it is there for. */
function isBitten(history: HistoryView, path: Path): boolean {
  return bitesOf(history, path).some(({ facts }) => facts.conn === undefined || facts.conn !== path.facts.conn);
}

function endedByProxy(history: HistoryView, path: Path): boolean {
  const { by, conn, open } = path.facts;
  if (by === 'gate') return bitesOf(history, path).some(({ facts }) => facts.conn === conn);
  return open !== true && proxysEndAt(history, path) !== undefined;
}

/** Seen from the gate behind the proxy: the end came from the proxy, which is that gate's client. */
function proxysEndAt(history: HistoryView, { facts: { who, conn } }: Path): number | undefined {
  const ends = history.of('connection').filter((event) => event.gate === who && event.conn === conn);
  const resets = history.of('frame').filter((event) => event.gate === who && event.conn === conn && event.dir === 'up');
  const times = [
    ...ends.filter((end) => end.what === 'end' && end.by === 'client'),
    ...resets.filter(({ frame }) => frame === 'RST_STREAM'),
  ].map(({ t }) => t);
  return times.length > 0 ? Math.min(...times) : undefined;
}

/**
 * A session that its server ended in good order, be it by a close frame: what a proxy closes then is only what is left of
 * it (the client's answer may end it first). What it says when it is cut is for nobody.
 */
function saidEnd(history: HistoryView, path: Path, isStream: boolean): boolean {
  const { who, conn, by } = path.facts;
  const until = by === 'gate' ? undefined : proxysEndAt(history, path);
  return history
    .of('message')
    .some(
      (event) =>
        event.gate === who &&
        event.conn === conn &&
        event.dir === 'down' &&
        event.opcode === 'close' &&
        (isStream ? event.closeCode === undefined : until !== undefined) &&
        event.t <= (until ?? event.t),
    );
}

/** A stream whose server let go of it in good order, later than an idle timeout would have cut it. */
function outlived(history: HistoryView, path: Path, scale: number): boolean {
  const { who, conn, idleS, forMs } = path.facts;
  const byServer = history
    .of('connection')
    .some((event) => event.gate === who && event.conn === conn && event.what === 'end' && event.by === 'server');
  return (saidEnd(history, path, true) || byServer) && Number(forMs) > OUTLIVED * Number(idleS) * 1000 * scale;
}

function bitesOf(history: HistoryView, { facts: { by, who } }: Path) {
  return history.bites(by === 'gate' ? 'idle-forget' : 'idle-cut').filter((bite) => bite.who === who);
}

function whyUndecided(paths: readonly Path[], goalS: number): string {
  const own = paths.find(({ facts }) => facts.idleS === goalS && facts.open !== true);
  if (own) return `the server ended the idle session itself after ${inWords(Number(own.facts.forMs))}`;
  return paths.some(({ facts }) => facts.idleS === goalS)
    ? 'no proxy was seen to cut a silent server off, so they may not have acted'
    : 'no idle session could be opened through a proxy';
}

/** It lives by its messages, and nobody knows what it would do without them; heartbeats of its own are seen to carry it. */
function isBusy(history: HistoryView, [path]: readonly Path[], goalMs: number, scale: number): boolean {
  const heard = history.of('message').filter(({ gate, dir }) => dir === 'down' && gate === path?.facts.who);
  const beats = heard.filter(({ opcode, packet }) => opcode === 'ping' || opcode === 'pong' || packet === 'heartbeat');
  const openAt = history.of('session').find(({ name, what }) => name === path?.facts.who && what === 'open')?.t ?? 0;
  const marks = [openAt, ...beats.map(({ t }) => t), path?.t ?? 0];
  if (Math.max(...marks.slice(1).map((t, index) => t - (marks[index] ?? t))) < goalMs * scale) return false;
  const gaps = heard.slice(1).map(({ t }, index) => t - (heard[index]?.t ?? t));
  return gaps.length > 0 && median(gaps) < BUSY_GAP_MS * scale;
}

function story(open: boolean): EventBodyAt[] {
  const end = { by: 'client', how: 'FIN', upBytes: 9, downBytes: 9 } as const;
  const facts = { by: 'nginx', idleS: 60, who: 'nginx-60', conn: 1, open, forMs: 60_000 };
  return [
    [60_001, { type: 'fault', fault: 'idle-cut', what: 'bite', who: 'nginx-60', facts: { afterMs: 60_001 } }],
    ...(open ? [] : [[60_002, { type: 'connection', gate: 'nginx-60', conn: 1, what: 'end', ...end }] as const]),
    [125_000, { type: 'measure', name: 'idle path', facts }],
  ];
}
