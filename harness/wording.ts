/** What a server says in its own words, in a close reason or a message: how long to wait, and that something is limited. */

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, milli: 1, s: 1000, sec: 1000, m: 60_000, min: 60_000 };
const TIMED =
  /(?<![\w.])(\d+(?:\.\d+)?)\s*(milli(?=seconds?\b)|ms\b|sec(?=(?:onds?|s)?\b)|s\b|min(?=(?:utes?|s)?\b)|m\b)/i;
/** `retryAfterMs":1500`, `reconnect in 5`, `delay=2000`. */
const NAMED =
  /(?:retry|reconnect|come back|again|wait|delay|back-?off|after)([\w-]*)["']?(?:\s+(?:in|after|for))?\s*[:= ]\s*["']?(\d+(?:\.\d+)?)/i;
const LONGEST_MS = 3_600_000;
/** A bare number this large is in milliseconds: nobody asks a client to wait for 17 minutes. */
const SURELY_MS = 1000;

/** The time that a notice names, in milliseconds; undefined where it names none. */
export function delayIn(text: string): number | undefined {
  const timed = TIMED.exec(text);
  if (timed) return plausible(Number(timed[1]) * (UNITS_MS[(timed[2] ?? '').toLowerCase()] ?? 1000));
  const named = NAMED.exec(text);
  if (!named) return undefined;
  const value = Number(named[2]);
  return plausible(/ms$|milli/i.test(named[1] ?? '') || value >= SURELY_MS ? value : value * 1000);
}

function plausible(ms: number): number | undefined {
  return ms > 0 && ms <= LONGEST_MS ? ms : undefined;
}

/** A message that announces the end of the session. */
export function isNotice(text: string): boolean {
  return /re-?connect|retry|re-?start|shut(?:ting)?[ _-]?down|drain|maintenance|going[ _-]?away|good-?bye|deploy/i.test(
    text,
  );
}

/**
 * An event that tells its stream's end [CHECKLIST rule 15]. The data of a feed may hold any word, so of data only what can hardly
 * mean anything else; the name of an event is short, and chosen.
 */
export function saysGoodbye(data: string, name = ''): boolean {
  if (data.length > NOTICE_CHARACTERS) return false;
  return isNotice(data) || FAREWELL_DATA.test(data) || isNotice(name) || FAREWELL_NAME.test(name);
}

const NOTICE_CHARACTERS = 4096;
const FAREWELL_DATA =
  /^\W*(?:bye|done|closed?|end(?: of stream)?|eof)\W*$|\bbye\b|(?:server|stream|connection)(?: is|[ _-])? ?(?:clos|end|stop|terminat|leav|exit)|(?:clos|end|stop|terminat)\w*[ _-](?:the[ _-])?(?:server|stream|connection)|disconnect/i;
const FAREWELL_NAME =
  /(?:^|[^a-z])(?:bye|clos(?:e|ed|ing)|end(?:ed|ing)?|eof|done|stop(?:ped|ping)?|exit|terminat\w*|disconnect\w*|leav(?:e|ing))(?:$|[^a-z])/i;

/** "Rate limit exceeded", `too_many_requests`, "slow down", gRPC's and HTTP/2's own words for it. */
export function saysLimited(text: string): boolean {
  return /enhance[ _-]your[ _-]calm|resource[ _-]exhausted|too[ _-]?(?:many|fast|often|frequent)|slow[ _-]?down|throttl|flood|quota|rate[ _-]?limit|limit(?:ed|s)?[ _-]?(?:exceeded|reached|hit)|(?:exceed|reach|over)\w*[ _-](?:\w+[ _-]){0,3}(?:rate|limit)/i.test(
    text,
  );
}

/**
 * "1008 indicates that an endpoint is terminating the connection because it has received a message that violates its policy"
 * [RFC 6455 7.4.1]; 1013 is "try again later"; those from 3000 on are an application's own words.
 */
export function isLimitCode(code: unknown): boolean {
  return typeof code === 'number' && (code === 1008 || code === 1013 || (code >= 3000 && code < 5000));
}
