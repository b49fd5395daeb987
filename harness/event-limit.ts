import type { EventBody } from './contract.js';

/**
 * A target may send without an end, and each message is an event: what is kept of them is bounded, so that disk and memory are.
 * The fastest programs that were measured make 100,000 events in a scenario of 150 s.
 */
const MOST_OF_A_SCENARIO = 150_000;
/**
 * About 1 KiB each in the process that judges them. A pair that sends 5 messages a second makes 90,000 events with all that looks on, so
 * that a feed of 40 a second is kept whole; where a scenario was full the target sends as it likes, and less will do.
 */
const MOST_OF_A_RUN = 800_000;
const MOST_OF_A_FLOOD = 400_000;
/** So many in one second, while our own loop is late by this much: the target sends faster than it can be looked at. */
const FLOOD_PER_S = 5000;
const FLOOD_LATE_MS = 500;
/** The same of messages while our loop never rests, a second after the other: what comes waits before us, and no longer a loop's turn may tell. */
const FLOOD_BUSY = 0.95;
const FLOOD_BUSY_S = 2;

/** What a target makes as many of as it likes. */
const LIMITED: ReadonlySet<EventBody['type']> = new Set([
  ...(['message', 'frame', 'report', 'undecodable'] as const),
  ...(['connection', 'handshake', 'trailers'] as const),
]);
const SENT: ReadonlySet<EventBody['type']> = new Set(['message', 'frame', 'report', 'undecodable', 'trailers']);

/** The code of the obstacle that says so; `judge` holds verdicts against it. */
export const NOT_ALL_KEPT = 'NOT_ALL_KEPT';
/** The same, and our own clock was late. */
export const FLOODED = 'FLOODED';

export function isLimited(type: EventBody['type']): boolean {
  return LIMITED.has(type);
}

export function isSent(type: EventBody['type']): boolean {
  return SENT.has(type);
}

/** Counts the events of one scenario, in its own process. */
export class ScenarioLimit {
  private kept = 0;
  private recent = 0;
  private recentlySent = 0;
  private busyS = 0;
  private full = false;
  private flooded = false;

  /** What to keep in place of an event: itself, nothing, or the word that no more are kept. */
  take(event: EventBody): readonly EventBody[] {
    if (!LIMITED.has(event.type)) return [event];
    this.recent += 1;
    if (SENT.has(event.type)) this.recentlySent += 1;
    if (this.full) return [];
    this.kept += 1;
    if (this.kept <= MOST_OF_A_SCENARIO) return [event];
    this.full = true;
    return [fullAfter(MOST_OF_A_SCENARIO, 'in this scenario')];
  }

  /** Once a second, with how late our loop was in it, and what part of it was spent at work. */
  tick(lateMs: number, busy: number): readonly EventBody[] {
    const { recent, recentlySent } = this;
    this.recent = 0;
    this.recentlySent = 0;
    this.busyS = recentlySent >= FLOOD_PER_S && busy >= FLOOD_BUSY ? this.busyS + 1 : 0;
    const late = recent >= FLOOD_PER_S && lateMs >= FLOOD_LATE_MS;
    if (this.flooded || (!late && this.busyS < FLOOD_BUSY_S)) return [];
    this.full = true;
    this.flooded = true;
    const cost = late ? `which made Holdfast ${Math.round(lateMs)} ms late` : 'which kept Holdfast busy all the time';
    const text = `the target sent faster than this machine can look at: ${recent} messages in a second, ${cost}`;
    return [{ type: 'obstacle', code: FLOODED, text }];
  }
}

/** Counts those of all scenarios, where they are written. */
export class RunLimit {
  private kept = 0;
  private most = MOST_OF_A_RUN;
  private readonly full = new Set<string>();

  take(scenario: string, event: EventBody): readonly EventBody[] {
    if (event.type === 'obstacle' && (event.code === NOT_ALL_KEPT || event.code === FLOODED))
      this.most = MOST_OF_A_FLOOD;
    if (!LIMITED.has(event.type)) return [event];
    if (this.full.has(scenario)) return [];
    if (this.kept < this.most) {
      this.kept += 1;
      return [event];
    }
    this.full.add(scenario);
    return [fullAfter(this.kept, 'in this run')];
  }
}

function fullAfter(most: number, where: string): EventBody {
  const text = `more than ${most.toLocaleString('en')} messages and connections came ${where}: those behind them were not kept`;
  return { type: 'obstacle', code: NOT_ALL_KEPT, text };
}
