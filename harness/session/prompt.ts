import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { delay, nowMs } from '../clock.js';
import type { Verdict } from '../contract.js';
import { HarnessError, messageOf } from '../errors.js';
import { printable } from '../reporters/printable.js';
import type { Control } from './controls.js';
import type { LiveSession } from './live-session.js';
import { COMMANDS, complete, type Line, parseLine } from './prompt-line.js';

export interface PromptStreams {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable;
  readonly errors: Writable;
}

const PROMPT = 'holdfast> ';

/**
 * Faults by lines: from a person at a terminal, or from a script. Resolves when there is nothing more to read, or at `quit`;
 * a line of a script that cannot be done ends it with its error, since what follows was meant to come after it.
 */
export async function runPrompt(session: LiveSession, streams: PromptStreams, signal: AbortSignal): Promise<void> {
  const { input, output, errors } = streams;
  const terminal = input.isTTY === true;
  const lines = createInterface({
    input,
    ...(terminal ? { output, prompt: PROMPT, completer: (text: string) => complete(text, session.controls) } : {}),
    terminal,
  });
  // Ctrl-C at the prompt is what it is everywhere else.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  const stop = () => lines.close();
  signal.addEventListener('abort', stop, { once: true });
  const say = (text: string) => void output.write(`${text}\n`);
  try {
    if (signal.aborted) return;
    if (terminal) lines.prompt();
    for await (const text of readOf(lines)) {
      if (signal.aborted) return;
      try {
        const line = parseLine(text, session.controls);
        if (line.do === 'quit') return;
        await follow(line, session, say, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!terminal || !(error instanceof HarnessError)) throw error;
        errors.write(`${printable(messageOf(error))}\n`);
      }
      if (terminal) lines.prompt();
    }
  } finally {
    signal.removeEventListener('abort', stop);
    lines.close();
  }
}

/** Also those that came while one before was being done. */
async function* readOf(lines: Interface): AsyncGenerator<string> {
  const waiting: string[] = [];
  let over = false;
  let wake: () => void = () => undefined;
  lines.on('line', (line) => {
    waiting.push(line);
    wake();
  });
  lines.on('close', () => {
    over = true;
    wake();
  });
  for (;;) {
    const line = waiting.shift();
    if (line !== undefined) yield line;
    else if (over) return;
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
}

async function follow(
  line: Line,
  session: LiveSession,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  switch (line.do) {
    case 'help':
      return say('about' in line ? helpAbout(line.about, session.controls) : HELP);
    case 'faults':
      return say(session.controls.map(({ fault, about }) => `${fault.padEnd(16)} ${about}`).join('\n'));
    case 'status':
      return say(statusOf(session));
    case 'lanes':
      return say(lanesOf(session));
    case 'verdicts':
      return say(verdictsOf(session.verdicts));
    case 'wait':
      return delay(line.ms, signal);
    case 'heal': {
      const healed = await session.hands.heal((act) => line.act === undefined || act === line.act);
      return say(healed === 0 ? 'nothing was in force' : `healed ${healed}`);
    }
    case 'inject': {
      const act = await session.hands.inject(line.hand, 'prompt');
      const { inMs, times } = line.hand;
      const when = inMs > 0 ? `in ${inMs} ms` : 'now';
      return say(`${line.hand.fault}: act ${act}, ${when}${times > 1 ? `, ${times} times` : ''}`);
    }
  }
}

const HELP = `A fault, and how: latency latencyMs=500 on 50% for 10s
  name=value       its parameters (help FAULT)
  all, 50%, #3     on whom: all connections, a share that the seed chooses, one (lanes)
  for 10s          heals by itself
  in 5s            later;  3 times every 20s: again and again
cut all            every connection, by a reset: "cut all in 5 s, three times"
heal [ACT]         heals everything, or one act
faults, lanes, status, verdicts
wait 10s           of a script: before the next line
quit               heals, stops, judges and saves; so do Ctrl-C, Ctrl-D and a terminal that is closed`;

function helpAbout(fault: string, controls: readonly Control[]): string {
  const control = controls.find((one) => one.fault === fault);
  if (!control)
    throw new HarnessError(
      'NO_FAULT',
      `there is no fault "${fault}" (faults lists them; commands: ${COMMANDS.join(', ')})`,
    );
  const lines = control.parameters.map(({ name, unit, value }) => `  ${name}=${value}   ${unit}`);
  return [`${fault}: ${control.about}`, ...lines, `  on ${control.scopes.join(', ')}`].join('\n');
}

function statusOf({ lanes, hands, gate }: LiveSession): string {
  const { live, accepted, attemptsPer10s, upPerS, downPerS, latencyMs } = lanes.totals(nowMs());
  const acts = hands.inForce.map(
    ({ act, fault, state, left }) => `  ${act} ${fault} ${state}${left > 0 ? `, ${left} to come` : ''}`,
  );
  return [
    `${live} open of ${accepted} that came to ${gate.host}:${gate.port}; ${attemptsPer10s} in the last 10 s`,
    `messages: ${upPerS}/s up, ${downPerS}/s down; latency ${latencyMs === null ? 'not seen' : `${latencyMs} ms`}`,
    acts.length === 0 ? 'no fault in force' : `faults:\n${acts.join('\n')}`,
  ].join('\n');
}

const MOST_LANES = 50;

function lanesOf({ lanes, ageMs }: LiveSession): string {
  const all = lanes.lanes(nowMs());
  const rows = all.slice(-MOST_LANES).map(({ conn, state, startT, endT, upBytes, downBytes, closeCode, ended }) => {
    const age = `${Math.round(((endT ?? ageMs) - startT) / 1000)} s`;
    const end = ended === null ? '' : `  ${ended}${closeCode === null ? '' : `, close ${closeCode}`}`;
    return `#${String(conn).padEnd(5)} ${state.padEnd(10)} ${age.padStart(7)}  up ${upBytes}  down ${downBytes}${end}`;
  });
  const more = all.length > MOST_LANES ? [`(${all.length - MOST_LANES} more)`] : [];
  return all.length === 0 ? 'nobody has come yet' : [...rows, ...more].join('\n');
}

export function verdictsOf(verdicts: readonly Verdict[]): string {
  const rows = verdicts
    .filter(({ outcome }) => outcome !== 'skipped')
    .map(({ outcome, check, actual, reason }) => `${outcome.padEnd(12)} ${check}: ${printable(reason ?? actual)}`);
  return rows.length === 0 ? 'nothing has been seen yet that a check could judge' : rows.join('\n');
}

/** Resolves when it is over: by a signal, or by whoever ends the session. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
