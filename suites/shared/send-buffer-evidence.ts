import type { EventBodyAt, Finding, HistoryView, JudgeContext } from '../../harness/contract.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { MIB } from '../../harness/numbers.js';

const LEAST_BYTES = 4 * MIB;
const [FOLLOWS, BOUNDED] = [0.5, 0.25];
/** The memory of a program that keeps nothing still moves by so much. */
const NOISE_BYTES = 16 * MIB;
/** Where a healthy path makes a client wait for longer, what it kept may come no faster than what is new. */
export const ROOMY_SHARE = 0.25;

export const SEND_BUFFER_NUMBERS = {
  rssGrowthBytes: 'bytes above the control',
  ownGrowthBytes: 'bytes',
  keptBytes: 'bytes that came when it was read again',
  withheldBytes: 'bytes',
  bytesPerS: 'bytes/s',
  crowdedShare: 'of the time in which the control could not send',
  leftAtMs: 'ms',
} as const;
export const SEND_BUFFER_LIMITS = { maxBufferBytes: 32 * MIB, minBytesPerS: 100_000 } as const;

/** CHECKLIST rule 13, for the other direction: whether what nobody reads is kept in the client's memory. */
export function judgeSendBuffer(history: HistoryView, { expect }: JudgeContext): Finding {
  const { maxBufferBytes: limit, minBytesPerS: least } = { ...SEND_BUFFER_LIMITS, ...expect };
  const baseline = history.of('obstacle').find(({ code }) => code === 'BASELINE');
  const sends = history.measures('sends')[0];
  if (baseline || !sends) return inconclusive(baseline?.text ?? 'the client was never slowed');
  const bytesPerS = round(sends.facts.bytesPerS) ?? 0;
  if (bytesPerS < least)
    return skipped(`needs a client that sends 100 KB/s (--pressure-env): not ${bytesPerS} bytes/s`);
  const slowed = history.measures('slowed')[0];
  const held = history.bites('held-windows');
  const bites = [...history.bites('slow-server'), ...held];
  if (!slowed || bites.length === 0) return inconclusive('nothing of what the client sent was left unread');
  const { facts } = slowed;
  const [leftAtMs, keptBytes, rssBytes] = [round(facts.leftAtMs), round(facts.keptBytes), round(facts.rssBytes)];
  const [withheldBytes, rssGrowthBytes] = [round(facts.withheldBytes) ?? 0, round(facts.rssGrowthBytes) ?? 0];
  const ownGrowthBytes = round(facts.ownGrowthBytes) ?? rssGrowthBytes;
  const crowdedShare = typeof facts.crowdedShare === 'number' ? facts.crowdedShare : 0;
  const measured = {
    ...{ rssGrowthBytes, ownGrowthBytes, keptBytes, withheldBytes, bytesPerS, leftAtMs },
    crowdedShare: Math.round(crowdedShare * 100) / 100,
  };
  const details = { measured, because: [...bites.slice(0, 1), slowed] };
  // What came when it was read again was kept; memory tells that it was kept there, and not on a disk.
  const kept = keptBytes ?? rssGrowthBytes;
  const seen = `kept ${mib(kept)} of ${mib(withheldBytes)} that nobody read`;
  const grew = `its memory grew by ${mib(ownGrowthBytes)}, ${mib(rssGrowthBytes)} above the control`;
  if (facts.exited === true) return inconclusive('its process ended while it was read slowly', details);
  const follows = (bytes: number) => bytes > limit && bytes > FOLLOWS * withheldBytes;
  if (follows(kept) && rssGrowthBytes > limit / 2 && rssGrowthBytes > BOUNDED * kept) return fail(seen, details);
  const flat = (bytes: number) => bytes <= Math.max(NOISE_BYTES, BOUNDED * withheldBytes);
  if (held.length > 0 && (crowdedShare > ROOMY_SHARE || rssBytes === null)) {
    // Memory alone is left to tell: that of a program which has less of it, all in all, than there was to keep.
    const less = rssBytes !== null && rssBytes < withheldBytes && withheldBytes >= 2 * limit;
    if (less && flat(ownGrowthBytes)) return pass(`${mib(withheldBytes)} of it were not read, and ${grew}`, details);
    const why =
      rssBytes === null
        ? 'its memory cannot be seen (no process of its command has the connection)'
        : `a server that reads takes no more than it sends (it waited for ${Math.round(crowdedShare * 100)} % of the time), so that what was kept and what is new look alike; ${grew}`;
    return inconclusive(why, { ...details, actual: seen });
  }
  if (follows(kept) || follows(rssGrowthBytes)) return inconclusive(`${seen}; ${grew}`, details);
  const few = kept <= BOUNDED * withheldBytes && withheldBytes >= LEAST_BYTES;
  // Behind a window that is shut all is the library's to keep, and garbage of the control must not hide it; nor is garbage of its own kept.
  const level = flat(ownGrowthBytes) || (leftAtMs === null && (flat(rssGrowthBytes) || rssGrowthBytes <= limit));
  if (held.length > 0 && withheldBytes >= LEAST_BYTES && !(few && level))
    return inconclusive(`${seen}; ${grew}`, details);
  const little = few && (held.length > 0 || rssGrowthBytes <= FOLLOWS * withheldBytes);
  if (leftAtMs !== null && little) return pass(`${seen}, and gave the connection up`, details);
  if (leftAtMs !== null) return inconclusive(`${seen}, and left before a limit could show`, details);
  if ((keptBytes !== null && little) || (held.length === 0 && withheldBytes >= 2 * limit)) return pass(seen, details);
  return inconclusive(`sent too little to tell a limit from none: ${seen}`, details);
}

const round = (value: unknown) => (typeof value === 'number' ? Math.round(value) : null);
const mib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;

/** So much kept of 96 MiB that nobody read, for a minute. */
export function sendBufferStory(fault: 'slow-server' | 'held-windows', keptBytes: number): EventBodyAt[] {
  const facts = {
    withheldBytes: 96 * MIB,
    kernelBytes: 3 * MIB,
    rssGrowthBytes: keptBytes + MIB,
    ownGrowthBytes: keptBytes + MIB,
    rssBytes: keptBytes + 60 * MIB,
    crowdedShare: 0,
    leftAtMs: null,
    keptBytes,
    exited: false,
  };
  return [
    [10_000, { type: 'measure', name: 'sends', facts: { bytesPerS: 2_000_000 } }],
    [11_000, { type: 'fault', fault, what: 'bite', who: 's', facts: {} }],
    [70_000, { type: 'measure', name: 'slowed', facts }],
  ];
}
