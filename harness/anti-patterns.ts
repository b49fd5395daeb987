import type { Outcome, Verdict } from './contract.js';

/** The ten anti-patterns of the checklist; report and terminal open with them. */
export const ANTI_PATTERNS: readonly string[] = [
  'WebSocket for one-way traffic',
  'authenticating after the handshake',
  'no automatic reconnection, or without exponential backoff and jitter',
  'no heartbeat',
  'no message sequence ids',
  'redeploying without graceful shutdown',
  'giant single messages',
  'WebRTC for client-server',
  'HTTP/2 server push',
  'no fallback chain',
];

const WORST_FIRST: readonly Outcome[] = ['fail', 'inconclusive', 'pass', 'skipped'];

export interface AntiPatternOutcome {
  /** 1 to 10. */
  readonly number: number;
  readonly name: string;
  readonly outcome: Outcome | 'not run';
  /** The checks that came out so. */
  readonly checks: readonly string[];
}

/** The worst outcome of each anti-pattern's checks. */
export function antiPatternOutcomes(verdicts: readonly Verdict[]): AntiPatternOutcome[] {
  return ANTI_PATTERNS.map((name, index) => {
    const number = index + 1;
    const mine = verdicts.filter((verdict) => verdict.antiPattern === number);
    const outcome = WORST_FIRST.find((worst) => mine.some((verdict) => verdict.outcome === worst)) ?? 'not run';
    const checks = mine.filter((verdict) => verdict.outcome === outcome).map((verdict) => verdict.check);
    return { number, name, outcome, checks };
  });
}
