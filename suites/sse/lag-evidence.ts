import type { EventOf, HistoryView } from '../../harness/contract.js';
import { longestGap } from '../../harness/numbers.js';

/** Fewer say nothing of a stream. */
export const LEAST_PARTS = 3;
/** Of the events of two streams, how many are the same where all get the same. */
const SHARED = 0.5;
/** What comes at one time comes within this. */
const HEAP_MS = 20;

type Message = EventOf<'message'>;

/** An event (or comment) and how much later the second observer saw it: so far, where it never did. */
export interface Lag {
  readonly event: Message;
  readonly lagMs: number;
  readonly arrived: boolean;
}

/** What a stream said: its events and comments. */
export function partsOf(history: HistoryView, gate: string, conn: number): readonly Message[] {
  const said = ({ opcode, form }: Message) => opcode === 'comment' || (opcode === 'text' && form !== 'empty');
  return history
    .of('message')
    .filter((one) => one.gate === gate && one.conn === conn && one.dir === 'down' && said(one));
}

/**
 * CHECKLIST rule 18: "lag of each event, driver minus the gate behind the server". Each is looked for among what came later, by
 * its hash and in its order; what was still on its way when the watching ended counts as being so late by then.
 */
export function lagsBetween(history: HistoryView, name: string): readonly Lag[] {
  return history
    .measures('watched')
    .filter(({ facts }) => facts.gate === name)
    .flatMap(({ t, facts }) => {
      const behind = partsOf(history, `${name}-behind`, Number(facts.conn));
      return match(
        behind.filter((event) => event.t <= t),
        partsOf(history, `${name}-near`, Number(facts.conn)),
        t,
      );
    });
}

export function match(from: readonly Message[], to: readonly Message[], endMs: number): Lag[] {
  let next = 0;
  return from.map((event) => {
    const found = to.findIndex(({ hash, t }, index) => index >= next && hash === event.hash && t <= endMs);
    if (found >= 0) next = found + 1;
    const at = found < 0 ? endMs : (to[found]?.t ?? endMs);
    return { event, lagMs: Math.max(0, at - event.t), arrived: found >= 0 };
  });
}

/** How late things came because this machine was busy: what is not held back, and our own event loop. */
export function noiseOf(history: HistoryView): number {
  const free = history.measures('held').map(({ facts }) => Number(facts.freeLagMs));
  return Math.max(0, ...free, ...history.of('loop').map(({ maxMs }) => maxMs));
}

/** The head of the answer that began a stream, as its server sent it. */
export function answerOf(history: HistoryView, gate: string): EventOf<'handshake'> | undefined {
  return history.of('handshake').find((one) => one.gate === gate && one.dir === 'down' && one.opens === true);
}

/** Why no stream was seen: what the server said to those who asked. */
export function whyNone(history: HistoryView, gate: string): string {
  if (answerOf(history, gate)) return 'the server sent nothing while it was watched';
  const said = history.of('handshake').find((one) => one.gate === gate && one.dir === 'down');
  const status = said?.status === undefined ? '' : `: it answered ${said.status}`;
  return `no stream of events was opened${status}`;
}

/** Directives without an argument; `no-cache="Set-Cookie"` speaks of that field alone [RFC 9111 5.2.2.4]. */
export function directivesOf(answer: EventOf<'handshake'>): readonly string[] {
  return (answer.headers?.['cache-control'] ?? '')
    .toLowerCase()
    .split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/)
    .map((directive) => directive.trim());
}

/** How late events were to who accepts compression: against the same ones without it, or else by the longest silence. */
export function compressionLagMs(history: HistoryView, limit: number): number | undefined {
  const [plain, packed] = [partsOf(history, 'plain', 1), partsOf(history, 'packed', 1)];
  const end = Math.min(
    ...history
      .measures('watched')
      .flatMap(({ t, facts }) => (facts.gate === 'plain' || facts.gate === 'packed' ? [t] : [])),
  );
  if (plain.length < LEAST_PARTS || !Number.isFinite(end)) return undefined;
  const from = Math.max(...['plain', 'packed'].map((gate) => answerOf(history, gate)?.t ?? 0));
  const both = plain.filter(({ t }) => t >= from && t <= end);
  const lags = match(both, packed, end);
  const found = lags.filter(({ arrived, lagMs }) => arrived || lagMs > limit);
  // The same text at another time may be the ticking of a clock of each stream's own; what is held comes in heaps.
  if (inHeaps(packed) && lags.filter(({ arrived }) => arrived).length >= SHARED * lags.length)
    return Math.max(0, ...found.map(({ lagMs }) => lagMs));
  const silence = (parts: typeof plain) =>
    longestGap([...parts.map(({ t }) => t - from).filter((t) => t >= 0), end - from]);
  return Math.max(0, silence(packed) - 2 * silence(plain));
}

function inHeaps(parts: readonly Message[]): boolean {
  const instants = parts.filter(({ t }, n) => n === 0 || t - (parts[n - 1]?.t ?? 0) > HEAP_MS);
  return parts.length > 0 && instants.length <= parts.length / 2;
}
