import type { EventBodyAt, Finding, HistoryView, JudgeContext } from '../../harness/contract.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';
import { MIB } from '../../harness/numbers.js';

const LEAST_BYTES = 4 * MIB;
const [FOLLOWS, BOUNDED] = [0.5, 0.25];

export const SEND_BUFFER_NUMBERS = {
  rssGrowthBytes: 'bytes above the control',
  keptBytes: 'bytes that came when it was read again',
  withheldBytes: 'bytes',
  bytesPerS: 'bytes/s',
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
  const bites = [...history.bites('slow-server'), ...history.bites('held-windows')];
  if (!slowed || bites.length === 0) return inconclusive('nothing of what the client sent was left unread');
  const { facts } = slowed;
  const [leftAtMs, keptBytes] = [round(facts.leftAtMs), round(facts.keptBytes)];
  const [withheldBytes, rssGrowthBytes] = [round(facts.withheldBytes) ?? 0, round(facts.rssGrowthBytes) ?? 0];
  const details = {
    measured: { rssGrowthBytes, keptBytes, withheldBytes, bytesPerS, leftAtMs },
    because: [...bites.slice(0, 1), slowed],
  };
  // What came when it was read again was kept; memory tells that it was kept there, and not on a disk.
  const kept = keptBytes ?? rssGrowthBytes;
  const seen = `kept ${mib(kept)} of ${mib(withheldBytes)} that nobody read`;
  if (facts.exited === true) return inconclusive('its process ended while it was read slowly', details);
  const follows = (bytes: number) => bytes > limit && bytes > FOLLOWS * withheldBytes;
  if (follows(kept) && rssGrowthBytes > limit / 2 && rssGrowthBytes > BOUNDED * kept) return fail(seen, details);
  if (follows(kept) || follows(rssGrowthBytes))
    return inconclusive(`${seen}; its memory grew by ${mib(rssGrowthBytes)}`, details);
  const little =
    kept <= BOUNDED * withheldBytes && rssGrowthBytes <= FOLLOWS * withheldBytes && withheldBytes >= LEAST_BYTES;
  if (leftAtMs !== null && little) return pass(`${seen}, and gave the connection up`, details);
  if (leftAtMs !== null) return inconclusive(`${seen}, and left before a limit could show`, details);
  // Through the window of a stream what was kept may come no faster than what is new: memory must have shown it too.
  const flat = history.bites('held-windows').length === 0 || rssGrowthBytes <= BOUNDED * withheldBytes;
  if (flat && ((keptBytes !== null && little) || withheldBytes >= 2 * limit)) return pass(seen, details);
  if (!flat) return inconclusive(`${seen}; its memory grew by ${mib(rssGrowthBytes)}`, details);
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
