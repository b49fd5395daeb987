import end from '../../faults/end.js';
import freeze from '../../faults/freeze.js';
import reset from '../../faults/reset.js';
import unfinishedAnswer from '../../faults/unfinished-answer.js';
import { nowMs } from '../../harness/clock.js';
import type { EventBody, Gate } from '../../harness/contract.js';
import { defineScenario } from '../../harness/define.js';
import type { HaltedAnswer } from '../../harness/drivers/token-answer.js';
import { startTokenServer } from '../../harness/drivers/token-server.js';
import { besidesAnswer, saidOf } from '../../harness/said.js';
import type { ScenarioContext } from '../../harness/scenario.js';

/** A client may need a JVM or a bundler to start. */
const ARRIVE_MS = 60_000;
const WORDS = 24;
const HALT_AFTER = 10;
/** To read what was sent, on a machine that is busy too. */
const READ_MS = 700;
/** After a whole answer: to put its house in order and leave. */
const LEAVE_MS = 15_000;
/** 60 s, which a timer never hits exactly, and a look at it. */
const WATCH_MS = 66_000;
const BEAT_MS = 5000;
/** The last lines of a process that has ended come after its end. */
const LAST_WORDS_MS = 300;
/** Cut in the middle of a token; the others end between two, where nothing is left half. */
const IN_TOKEN = ['reset', 'end'];
const TRIALS = [...IN_TOKEN, 'ended', 'error', 'frozen', 'silent', 'beating'];

/** Each trial is a fresh process with a server of its own: most ask one question and leave. A whole answer comes first. */
export default defineScenario({
  id: 'answers',
  about: 'an LLM’s answer is cut in mid-token, ends early, turns into an error or stands still; is it noticed?',
  role: 'client',
  lane: 'quiet',
  faults: ['reset', 'end', 'freeze', 'unfinished-answer'],
  windowMs: 10_000 + WATCH_MS,
  async run(context) {
    const words = Array.from({ length: WORDS }, () => madeUpWord(context));
    context.phase('baseline');
    const whole = await ask(context, 'whole', words);
    context.phase('fault');
    const one = (trial: string) => ask(context, trial, words, whole);
    // A client with a port of its own leaves no room for a second one.
    if (context.target.client?.listen !== undefined) for (const trial of TRIALS) await one(trial);
    else await Promise.all(TRIALS.map(one));
  },
});

/** Asks, lets happen what the trial is about, and gives back what the application said besides the answer. */
async function ask(
  context: ScenarioContext,
  trial: string,
  words: readonly string[],
  whole?: readonly string[],
): Promise<readonly string[]> {
  const halt = whole && { afterTokens: HALT_AFTER, inToken: IN_TOKEN.includes(trial) };
  const server = context.defer(await startTokenServer(words, halt));
  const posts: number[] = [];
  const leaves: number[] = [];
  const onEvent = (event: EventBody, atMs: number) => {
    if (event.type === 'handshake' && event.method === 'POST') posts.push(atMs);
    if (event.type === 'connection' && event.what === 'end' && event.by === 'client') leaves.push(atMs);
  };
  await using gate = await context.openGate({ name: trial, to: server, onEvent });
  const reports: { readonly event: string; readonly atMs: number }[] = [];
  const onReport = ({ event }: { readonly event: string }, atMs: number) => void reports.push({ event, atMs });
  await using client = await context.startClient({ name: trial, gate, settleMs: 0, onReport });
  const { process } = client;
  await context.watch(ARRIVE_MS, () => server.answered > 0 || server.halted || process.exit);
  if (server.halted) await context.watch(READ_MS);
  const { halted } = server;
  const sinceMs = nowMs();
  if (halted) await disturb(context, trial, gate, halted);
  await context.watch(context.ms(halted ? WATCH_MS : LEAVE_MS), () => process.exit);
  await context.watch(LAST_WORDS_MS);
  const said = besidesAnswer([...process.stderrTail, ...process.stdoutTail], words);
  const afterMs = (times: readonly number[]) => {
    const first = times.find((atMs) => atMs >= sinceMs);
    return first === undefined ? null : Math.round(first - sinceMs);
  };
  const told = (...events: readonly string[]) => reports.filter(({ event }) => events.includes(event));
  context.measure('answer', {
    trial,
    asked: server.asked,
    answered: server.answered,
    api: server.api ?? null,
    tokens: halted?.tokens ?? null,
    exited: process.exit !== undefined,
    exit: process.exit?.code ?? process.exit?.signal ?? null,
    exitMs: afterMs(process.exit ? [process.exit.atMs] : []),
    errors: told('error').length,
    errorMs: afterMs(told('error').map(({ atMs }) => atMs)),
    retries: told('retry').length,
    messages: told('message').length,
    dones: told('done', 'close').length,
    againMs: afterMs(posts),
    leftMs: afterMs(leaves),
    said: whole ? saidOf(said, whole) : 'nothing',
  });
  return said;
}

async function disturb(context: ScenarioContext, trial: string, gate: Gate, answer: HaltedAnswer): Promise<void> {
  const connection = gate.live.find(({ downBytes, ended }) => downBytes > 0 && !ended);
  if (trial === 'reset') await context.inject(reset, [gate], {}, trial);
  else if (trial === 'end') await context.inject(end, gate, {}, trial);
  else if (trial !== 'frozen')
    await context.inject(unfinishedAnswer, answer, { how: trial, everyMs: context.ms(BEAT_MS) }, trial);
  else if (connection) {
    await context.inject(freeze, connection, { conn: connection.id }, trial);
    // What is withheld is the bite.
    answer.goOn();
  }
}

/** Of a language that nobody speaks, so that it can be told from what the application says. */
function madeUpWord({ random }: ScenarioContext): string {
  const syllable = () => `${'bdfgklmnprtvz'[random.integer(0, 12)]}${'aeiou'[random.integer(0, 4)]}`;
  return `${syllable()}${syllable()}${syllable()}`;
}
