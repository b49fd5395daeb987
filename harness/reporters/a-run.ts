import type { Run, Verdict } from '../contract.js';
import { summarize } from '../judge.js';

/** A literal verdict for tests of reporters and exit codes. */
export function aVerdict(given: Partial<Verdict> = {}): Verdict {
  return {
    check: 'websocket/no-heartbeat',
    level: 'MUST',
    antiPattern: 4,
    role: 'server',
    outcome: 'pass',
    title: 'MUST send a heartbeat at least every 30 s',
    expected: 'MUST send a heartbeat at least every 30 s',
    actual: 'a ping every 25.0 s',
    measured: { longestSilenceMs: 25_012 },
    threshold: { maxSilenceMs: 35_000 },
    because: [12, 57],
    scenario: 'idle',
    view: 'wire',
    confidence: 'high',
    samples: null,
    margin: null,
    conformant: null,
    waived: null,
    reason: null,
    fix: 'send a ping every 25 s',
    ...given,
  };
}

export function aRun(verdicts: readonly Verdict[], given: Partial<Run> = {}): Run {
  const options = { seed: 42, scale: 1, copies: 8, clients: 200, long: false, engine: 'auto', only: [], skip: [] };
  return {
    schema: 'holdfast.run/1',
    version: '0.1.0',
    seed: 42,
    replay: 'holdfast check chat --seed 42',
    engine: { kind: 'toxiproxy', version: '2.12.0' },
    machine: { node: 'v20.20.2', cpus: 2, platform: 'linux x64' },
    target: {
      name: 'chat',
      protocol: 'websocket',
      roles: ['server'],
      path: '/',
      delivery: 'reliable',
      expect: {},
      severity: {},
      known: [],
      env: {},
      cwd: '/',
      insecure: false,
    },
    options,
    startedAt: '2026-11-23T05:00:00.000Z',
    durationMs: 91_234,
    wall: { quietMs: 104_000, busyMs: 60_000, limitMs: 124_800 },
    verdicts,
    waivers: [],
    budgets: [],
    selfCheck: null,
    summary: summarize(verdicts, given.options?.scale ?? 1, ['server']),
    ...given,
  };
}
