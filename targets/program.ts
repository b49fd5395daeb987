/** What every target program shares: the description that tests read without starting it, and the scale of its timers. */

export type Scheme = 'ws' | 'wss' | 'http' | 'https' | 'grpc' | 'grpcs';

export interface FlawMeta {
  readonly role: 'client' | 'server';
  /** The check that must fail. */
  readonly trips: string;
  /** Further checks that the very same cause may trip (CHECKLIST rule 22). */
  readonly implies?: readonly string[];
  /** Flags beyond the usual ones that it is checked with. */
  readonly words?: readonly string[];
  /** Checked together with the resilient program of the other role. */
  readonly system?: true;
  /** Checked by a URL of this scheme, at an address that is not loopback. */
  readonly at?: Scheme;
}

/** A program that looks wrong to a careless check, and is fine. */
export interface TrickyMeta {
  readonly role: 'client' | 'server';
  /** What is unusual about it, in a few words. */
  readonly trick: string;
  /** The checks that must pass all the same. */
  readonly fine: readonly string[];
  readonly words?: readonly string[];
  readonly system?: true;
  readonly at?: Scheme;
}

/** /members of the server, with a token that is good for 6 s, as declared in bundled.json. */
export const LOGIN = ['--path', '/members', '--auth', '?token=brief-sesame', '--bad-auth', '?token=wrong'];

/** The same over gRPC. */
export const GRPC_LOGIN = [
  ...['--method', 'holdfast.feed.v1.Members/Subscribe'],
  ...['--auth', 'authorization: Bearer brief-sesame', '--bad-auth', 'authorization: Bearer wrong'],
];

/** A method that has an effect, with the command of bundled.json. */
export const ORDERS = ['--method', 'holdfast.feed.v1.Feed/Order'];

/** A method that takes messages without end. */
export const UPLOADS = ['--method', 'holdfast.feed.v1.Feed/Publish', '--pressure-env', 'PRESSURE=1'];

/** The path of an LLM's API, and so the shape of the answers that its clients read. */
export const CHAT = ['--path', '/v1/chat/completions'];

const scale = Number(process.env.HOLDFAST_SCALE ?? 1) || 1;

/** A timer of a target: HOLDFAST_SCALE=0.1 makes all of them ten times as fast. */
export function scaledMs(ms: number): number {
  return ms * scale;
}

/** An application's report for Holdfast: one JSON object a line on stdout. */
export function report(event: string, facts: Readonly<Record<string, unknown>> = {}): void {
  process.stdout.write(`${JSON.stringify({ event, ...facts })}\n`);
}
