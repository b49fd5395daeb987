import { waitFor } from '../clock.js';
import { HarnessError } from '../errors.js';
import type { StartedProcess } from '../target/process.js';
import { whereAccepts } from '../target/readiness.js';

/** Of a program; a container is there in a second too. */
export const PROXY_START_MS = 10_000;
const LAST_WORDS_MS = 1000;
/** How nginx and HAProxy mark what keeps them from starting; more lines may come after it. */
const CAUSE = /\[(emerg|ALERT)\]/;

/** On loopback, by the last of its ports: a proxy binds them in their order. */
export async function untilItListens(child: StartedProcess, ports: readonly number[]): Promise<void> {
  const accepts = async () => (await whereAccepts(ports.at(-1) ?? 0)) !== undefined;
  await waitFor(async () => child.exit !== undefined || (await accepts()), PROXY_START_MS);
  if (child.exit || !(await accepts())) throw await notStarted(child);
}

/** Its exit is often seen before its last words. */
export async function notStarted(child: StartedProcess): Promise<HarnessError> {
  const cause = () => child.stderrTail.find((line) => CAUSE.test(line));
  await waitFor(cause, LAST_WORDS_MS);
  const said = cause() ?? child.stderrTail.at(-1) ?? 'it said nothing';
  return new HarnessError('PROXY_START', `${child.command} did not start with a config of ours: ${said}`);
}
