import type { EventOf, Finding, HistoryView } from '../../harness/contract.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { inWords } from '../../harness/numbers.js';

/** RFC 9113, 7: the stream was closed "prior to any processing having occurred". */
const REFUSED_STREAM = 7;
const ATTEMPTS = 'grpc-previous-rpc-attempts';

export interface Request {
  readonly t: number;
  readonly conn: number;
  readonly stream: number;
  /** Method and message. */
  readonly key: string;
  readonly policy: boolean;
  readonly event: EventOf<'message'>;
}

/** The messages of these unary methods that the client has sent. */
export function requestsOf(history: HistoryView, rpcs: ReadonlySet<unknown>): Request[] {
  const calls = new Map(
    history.of('handshake').flatMap((head) => (head.dir === 'up' ? [[`${head.conn}/${head.stream}`, head]] : [])),
  );
  return history.of('message').flatMap((event) => {
    const call = calls.get(`${event.conn}/${event.stream}`);
    if (event.dir !== 'up' || event.opcode !== 'binary' || !call || !rpcs.has(call.rpc)) return [];
    const { t, conn, stream = 0, hash } = event;
    return [{ t, conn, stream, key: `${call.rpc} ${hash}`, policy: call.fields?.[ATTEMPTS] !== undefined, event }];
  });
}

/** The server said that it has not processed it: it may go again. */
export function isUnseen(history: HistoryView, { conn, stream }: Request): boolean {
  return history
    .of('frame')
    .some(
      (event) =>
        event.conn === conn &&
        event.dir === 'down' &&
        ((event.frame === 'RST_STREAM' && event.stream === stream && event.code === REFUSED_STREAM) ||
          (event.frame === 'GOAWAY' && (event.lastStream ?? stream) < stream)),
    );
}

/** Of a pause that is always the same, what comes in less than half of it was not due. */
const EARLY = 0.5;
const DUE = 0.8;
const REGULAR = 1.5;
const MIN_PAUSES = 4;

/** Requests that are all alike are told by their pace: one that is sent again comes sooner than the next was due. */
export function byPace(history: HistoryView, asked: readonly Request[], lost: readonly Request[]): Finding {
  const [first] = lost;
  const calm = asked.filter(({ key, t }) => key === first?.key && t <= (first?.t ?? 0));
  const pauses = calm.slice(1).map(({ t }, i) => t - (calm[i]?.t ?? t));
  const [shortestMs, longestMs] = [Math.min(...pauses), Math.max(...pauses)];
  const because = lost.slice(0, 3).map(({ event }) => event);
  if (pauses.length < MIN_PAUSES || longestMs > REGULAR * shortestMs)
    return inconclusive('its requests are all alike: one that is sent again cannot be told from the next one', {
      because,
    });
  const waits = lost.flatMap((one) => {
    const next = asked.find(({ key, t }) => key === one.key && t > one.t);
    return next ? [{ ms: next.t - one.t, free: next.policy || isUnseen(history, one) }] : [];
  });
  const early = waits.filter(({ ms, free }) => !free && ms < EARLY * shortestMs);
  const measured = { lost: lost.length, sentAgain: early.length, byPolicy: waits.filter(({ free }) => free).length };
  const said = `its requests are all alike, one each ${inWords(shortestMs)}; after a lost answer the next came in ${waits.map(({ ms }) => inWords(ms)).join(', ')}`;
  if (early.length >= 2) return fail(`${said}: that is the lost one again`, { measured, because });
  if (waits.length >= 2 && waits.every(({ ms, free }) => free || ms >= DUE * shortestMs))
    return pass(`${said}: none before it was due`, { measured, because });
  return inconclusive(`${said}: that may be the lost one or the next`, { measured, because });
}
