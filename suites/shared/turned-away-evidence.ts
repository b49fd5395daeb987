import { type Attempt, attemptsAt } from '../../harness/attempts.js';
import type { EventBodyAt, EventOf, Finding, HistoryView } from '../../harness/contract.js';
import { follows, inconclusive } from '../../harness/finding.js';
import { callsAgain, isCalledAt } from '../../harness/gate-calls.js';
import { statusName } from '../../harness/grpc-status.js';
import { CONTROL_GATE } from '../../harness/outage.js';
import { FLAP_GATE, FLAPPING, GOODBYE_GATE, goodbyeLabel, REFUSED_GATE, windowOf } from '../../harness/turned-away.js';

/** Why a part of the scenario was not carried through: its copies held no session on a healthy path. */
export function missing(history: HistoryView, gates: string, what: string): Finding {
  const baseline = history.of('obstacle').find(({ code, text }) => code === 'BASELINE' && text.includes(gates));
  return inconclusive(baseline?.text ?? what, { because: baseline ? [baseline] : [] });
}

/** One copy of the client that was cut, and refused with this status when it came again. */
export interface Refused {
  readonly status: number;
  /** In the protocol's words. */
  readonly name: string;
  /** How many calls it had that each come back for themselves (gRPC). */
  readonly held: number;
  readonly askedMs: number | null;
  readonly cutAt: number;
  readonly attempts: readonly Attempt[];
  readonly exited: boolean;
  readonly bites: readonly EventOf<'fault'>[];
  readonly seenUntil: number;
}

/** The copy that met this status, or why nothing can be said of it. */
export function refusedWith(history: HistoryView, status: number): Refused | Finding {
  const gate = `${REFUSED_GATE}${status}`;
  const window = windowOf(history, gate);
  const told = history.measures('turned away').find(({ facts }) => facts.gate === gate);
  if (!window || !told) return missing(history, gate, `nobody was refused with ${status}`);
  const overGrpc = isCalledAt(history, gate);
  const again = overGrpc ? callsAgain(history, gate, window) : undefined;
  if (overGrpc && !again) return inconclusive('no call was open when its connection was cut');
  const attempts = again?.attempts ?? attemptsAt(history, gate, window.from, window.to);
  const refusals = [...history.bites('http-refusal'), ...history.bites('call-refusal')];
  const bites = refusals.filter(({ facts }) => facts.status === status);
  const code = bites[0]?.facts.code;
  if (attempts.length === 0) return follows('no-reconnect', 'it made no attempt after its connection was cut');
  if (bites.length === 0) return inconclusive(`no attempt was answered with ${status}`);
  const { retryAfterS, exited } = told.facts;
  return {
    status,
    name: typeof code === 'number' ? statusName(code) : String(status),
    held: again?.held ?? 1,
    askedMs: typeof retryAfterS === 'number' ? 1000 * retryAfterS : null,
    cutAt: window.from,
    attempts,
    exited: exited === true,
    bites,
    seenUntil: window.to,
  };
}

export function isFinding(value: object): value is Finding {
  return 'outcome' in value;
}

/** One copy, cut at 0 and refused with this status each time it comes: at these times. */
export function refusedStory(status: number, retryAfterS: number | null, startsAt: readonly number[]): EventBodyAt[] {
  const gate = `${REFUSED_GATE}${status}`;
  return [
    [0, { type: 'phase', phase: 'fault', label: gate }],
    ...startsAt.flatMap((t, conn) => connection(gate, conn + 2, t, t + 2, 'gate')),
    [startsAt[0] ?? 0, { type: 'fault', fault: 'http-refusal', what: 'bite', who: gate, facts: { gate, status } }],
    [60_000, { type: 'phase', phase: 'recovery', label: gate }],
    [60_000, { type: 'measure', name: 'turned away', facts: { gate, status, retryAfterS, exited: false } }],
  ];
}

/** Eight copies, cut at 0, whose sessions are dropped as soon as they are open; these are their delays. */
export function flappingStory(delays: readonly number[]): EventBodyAt[] {
  const story: EventBodyAt[] = [
    [0, { type: 'phase', phase: 'fault', label: FLAPPING }],
    [0, { type: 'fault', fault: 'reset', what: 'bite', who: 'cut', facts: {} }],
    [1, { type: 'fault', fault: 'flapping', what: 'bite', who: 'flap', facts: { dropped: 1 } }],
  ];
  for (let i = 0; i < 8; i++) {
    const gate = `${FLAP_GATE}${i}`;
    let t = 0;
    for (const [k, delay] of delays.entries()) {
      t += delay * (0.9 + i / 40);
      story.push(...connection(gate, k + 2, t, t + 5, 'server'));
      story.push([t + 4, { type: 'handshake', gate, conn: k + 2, dir: 'down', status: 101 }]);
      t += 5;
    }
  }
  story.push([60_000, { type: 'phase', phase: 'recovery', label: FLAPPING }]);
  return story.sort((a, b) => a[0] - b[0]);
}

/** Eight copies that are told this code, leave after so long (null: not at all) and come back after these delays. */
export function goodbyeStory(
  round: number,
  code: number,
  leaveMs: number | null,
  delayOf: (copy: number) => number,
  { repeat = 0, controlOf = (copy: number) => 1000 + copy } = {},
): EventBodyAt[] {
  const step = round + repeat;
  const at = 100_000 * step;
  const label = goodbyeLabel(round, repeat);
  const story: EventBodyAt[] = [
    [at, { type: 'phase', phase: 'fault', label }],
    [at, { type: 'fault', fault: 'goodbye', what: 'bite', who: label, facts: { code, told: 8 } }],
  ];
  const frame = { type: 'message', opcode: 'close', bytes: 2, hash: '', closeCode: code } as const;
  for (let i = 0; i < 8; i++) {
    const gate = `${GOODBYE_GATE}${i}`;
    const endAt = at + (leaveMs ?? 30_000);
    const [, end] = connection(gate, 2 * step + 1, at, endAt, 'server');
    story.push([at + 1, { ...frame, gate, conn: 2 * step + 1, dir: 'down' }]);
    if (leaveMs !== null) story.push([endAt, { ...frame, gate, conn: 2 * step + 1, dir: 'up' }]);
    if (end) story.push(end);
    story.push([endAt + delayOf(i), { type: 'connection', gate, conn: 2 * step + 2, what: 'start' }]);
    story.push(...connection(`${CONTROL_GATE}${i}`, step, at, at, 'gate').slice(1));
    story.push([at + controlOf(i), { type: 'connection', gate: `${CONTROL_GATE}${i}`, conn: step + 1, what: 'start' }]);
    story.push([at + 60_000, { type: 'measure', name: 'told', facts: { gate, code, back: true, exited: false } }]);
  }
  return [...story, [at + 60_000, { type: 'phase', phase: 'recovery', label }] as const].sort((a, b) => a[0] - b[0]);
}

function connection(gate: string, conn: number, startAt: number, endAt: number, by: 'gate' | 'server'): EventBodyAt[] {
  return [
    [startAt, { type: 'connection', gate, conn, what: 'start' }],
    [endAt, { type: 'connection', gate, conn, what: 'end', by, how: 'FIN', upBytes: 9, downBytes: 9 }],
  ];
}
