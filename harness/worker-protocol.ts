import type { EventBody, RunOptions, Target } from './contract.js';
import type { Route } from './path/toxiproxy.js';
import type { Workload } from './scenario.js';

/** What the parent and a scenario's worker process say to each other. */
export interface Job {
  /** A scenario's id, `preflight` or `self-check`. */
  readonly scenario: string;
  /** In whose history its events belong. */
  readonly recordsAs: string;
  readonly target: Target;
  readonly options: RunOptions;
  readonly workload: Workload;
  readonly observerKey: string;
  /** The engine's HTTP API, for scenarios that put Toxiproxy into their path. */
  readonly engineUrl: string;
  /** Where it is in a container. */
  readonly engineRoute?: Route | undefined;
}

export type ToWorker = { readonly kind: 'job'; readonly job: Job } | { readonly kind: 'stop' };

export type FromWorker =
  | { readonly kind: 'events'; readonly events: readonly (readonly [atMs: number, body: EventBody])[] }
  | { readonly kind: 'workload'; readonly workload: Workload }
  | { readonly kind: 'done' }
  /** The run itself is impossible: a HarnessError. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** Before anything is known of the server's traffic. */
export const UNKNOWN_WORKLOAD: Workload = {
  push: false,
  pushPerS: 0,
  echo: false,
  broadcast: false,
  form: 'none',
  maxBytes: 0,
  deflate: false,
  speaksTls: false,
  clientPosts: false,
  serverPosted: false,
  answersEnd: false,
  services: '',
  pattern: null,
};
