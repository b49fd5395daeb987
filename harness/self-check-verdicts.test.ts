import { loadCatalog } from './catalog.js';
import type { EventBodyAt, SelfCheck } from './contract.js';
import { CONTROL_KINDS, CONTROLS, controlDelays, OPEN_MS } from './control-delays.js';
import { fail } from './finding.js';
import { controlGate, heldAgainst, NOISE, selfCheckOf } from './self-check-verdicts.js';
import { STORY_OPTIONS, STORY_TARGET, tell } from './story.js';

const { checks } = loadCatalog();
const controlled = checks.filter(({ id, controls }) => id.startsWith('websocket/') && controls !== undefined);
const plan = { target: STORY_TARGET, options: { ...STORY_OPTIONS, scale: 0.1 }, controlled };

/** All control clients, cut at 0, each attempt late by what `lateMs` gives. */
function story(lateMs: (kind: string, client: number) => number): EventBodyAt[] {
  const events: EventBodyAt[] = [
    [0, { type: 'phase', phase: 'fault' }],
    ...['reset', 'refuse'].map(
      (fault): EventBodyAt => [0, { type: 'fault', fault, what: 'bite', who: 'c', facts: {} }],
    ),
    [1, { type: 'measure', name: NOISE, facts: { timerP99Ms: 1.5, proxyP99Ms: 2 } }],
    [12_000, { type: 'phase', phase: 'recovery' }],
  ];
  for (const kind of CONTROL_KINDS) {
    for (let client = 1; client <= (kind === 'none' ? 1 : CONTROLS); client++) {
      const gate = controlGate(kind, client);
      let t = 0;
      for (const [conn, delay] of controlDelays(kind, client).entries()) {
        t += delay + lateMs(kind, client);
        events.push([t, { type: 'connection', gate, conn, what: 'start' }]);
        t += kind === 'none' ? OPEN_MS : 1;
        const end = { by: 'gate', how: 'RST', upBytes: 8, downBytes: 0 } as const;
        events.push([t, { type: 'connection', gate, conn, what: 'end', ...end }]);
      }
    }
  }
  return events.sort((a, b) => a[0] - b[0]);
}

const seen = (lateMs: (kind: string, client: number) => number) => selfCheckOf(tell(story(lateMs)), plan);

describe('the self-check', () => {
  test.each([
    ['a calm machine', () => 2],
    ['a busy one', (_: string, client: number) => 1 + 2 * client],
  ])('on %s each control client is judged as what it is', (_, lateMs) => {
    const controls = seen(lateMs)?.controls ?? [];
    expect(controls.length).toBeGreaterThan(10);
    expect(controls.filter(({ outcome, expected }) => outcome !== expected)).toEqual([]);
  });

  test('of delays that come apart by themselves nothing is said, rather than what is wrong', () => {
    const controls = seen((_, client) => 100 * client)?.controls ?? [];
    const timed = controls.filter(({ check }) => /fixed-retry|no-jitter|herd-retry/.test(check));
    expect(timed.map(({ outcome }) => outcome)).toEqual(timed.map(() => 'inconclusive'));
  });

  test('nothing seen of it is no self-check', () => {
    expect(selfCheckOf([], plan)).toBeNull();
  });

  test('a check that judged a control client wrongly decides nothing in this run', () => {
    const [check] = controlled;
    if (!check) throw new Error('no check is asked of the control clients');
    const wrong = { check: check.id, client: 'fixed', expected: 'pass', outcome: 'fail' } as const;
    const selfCheck: SelfCheck = { ...EMPTY, controls: [wrong] };
    expect(heldAgainst(selfCheck, check, {}, { outcome: 'pass', actual: '' }).reason).toMatch(
      /cannot time it.*\(fixed\)/,
    );
    const right: SelfCheck = { ...EMPTY, controls: [{ ...wrong, outcome: 'inconclusive' }] };
    expect(heldAgainst(right, check, {}, { outcome: 'pass', actual: '' }).outcome).toBe('pass');
  });

  test('nobody fails by less than three times what this machine is usually late', () => {
    const check = checks.find(({ id }) => id === 'websocket/unanswered-ping');
    if (!check) throw new Error('there is no such check');
    const late = (pongMs: number) =>
      heldAgainst(
        { ...EMPTY, timerP50Ms: 40 },
        check,
        check.expect,
        fail('', { measured: { pongMs }, because: tell([]) }),
      );
    expect([late(5100).outcome, late(5200).outcome]).toEqual(['inconclusive', 'fail']);
  });
});

const EMPTY: SelfCheck = {
  timerP50Ms: 0,
  timerP99Ms: 0,
  proxyP50Ms: 0,
  proxyP99Ms: 0,
  processStartMs: 0,
  controls: [],
};
