import type { Check, EventBodyAt, Finding, HistoryEvent, RunOptions, Target } from './contract.js';
import { viewOf } from './history.js';

/** A history told in a few lines, and a check's finding on it: for examples, tests and `holdfast explain`. */
export function tell(events: readonly EventBodyAt[], scenario = 'story'): HistoryEvent[] {
  return events.map(([t, body], index) => ({ seq: index + 1, t, scenario, ...body }));
}

export function judgeStory(check: Check, events: readonly EventBodyAt[], given?: Target): Finding {
  // Stories of shared checks are told of WebSocket.
  const [protocol = ''] = check.id.split('/');
  const target = given ?? (check.protocols ? STORY_TARGET : { ...STORY_TARGET, protocol });
  return check.judge(viewOf(tell(events)), { target, options: STORY_OPTIONS, expect: check.expect });
}

/** A target that declares everything, so that no check skips for want of a declaration. */
export const STORY_TARGET: Target = {
  name: 'story',
  protocol: 'websocket',
  roles: ['system'],
  server: {
    command: 'server',
    stopSignal: 'SIGTERM',
    graceMs: 60_000,
    serialCopies: false,
    quietEnv: {},
    pressureEnv: {},
  },
  client: { command: 'client', pressureEnv: {} },
  path: '/',
  resume: { in: 'query', name: 'last', value: '{id}' },
  delivery: 'reliable',
  expect: {},
  severity: {},
  known: [],
  env: {},
  cwd: '.',
  insecure: false,
};

export const STORY_OPTIONS: RunOptions = {
  seed: 1,
  scale: 1,
  copies: 8,
  clients: 200,
  long: false,
  engine: 'embedded',
  only: [],
  skip: [],
};
