import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass, skipped } from '../../harness/finding.js';

const MIB = 1024 * 1024;
const LEAST_BYTES = 4 * MIB;
const [FOLLOWS, BOUNDED] = [0.5, 0.25];

export default defineCheck({
  id: 'unbounded-send-buffer',
  protocols: ['websocket'],
  level: 'SHOULD',
  antiPattern: null,
  role: 'client',
  scenario: 'slow-server',
  title: 'SHOULD not keep everything that it cannot send: its memory levels off, or it drops and says so',
  why: 'On a slow uplink a program that goes on queueing takes all the memory of its machine, and what it sends at last is hours old.',
  fix: 'Look at what is unsent before sending more (bufferedAmount, drain, await send), and hold back, drop or disconnect at a limit.',
  source:
    'CHECKLIST rule 13, for the other direction: memory above a control copy with a fast reader, ratio > 0.5 past the limit',
  measured: {
    rssGrowthBytes: 'bytes above the control',
    keptBytes: 'bytes that came when it was read again',
    withheldBytes: 'bytes',
    bytesPerS: 'bytes/s',
    leftAtMs: 'ms',
  },
  expect: { maxBufferBytes: 32 * MIB, minBytesPerS: 100_000 },
  judge(history, { expect }) {
    const { maxBufferBytes: limit = 32 * MIB, minBytesPerS: least = 100_000 } = expect;
    const baseline = history.of('obstacle').find(({ code }) => code === 'BASELINE');
    const sends = history.measures('sends')[0];
    if (baseline || !sends) return inconclusive(baseline?.text ?? 'the client was never slowed');
    const bytesPerS = round(sends.facts.bytesPerS) ?? 0;
    if (bytesPerS < least)
      return skipped(`needs a client that sends 100 KB/s (--pressure-env): not ${bytesPerS} bytes/s`);
    const slowed = history.measures('slowed')[0];
    const bites = history.bites('slow-server');
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
    if ((keptBytes !== null && little) || withheldBytes >= 2 * limit) return pass(seen, details);
    return inconclusive(`sent too little to tell a limit from none: ${seen}`, details);
  },
  examples: { pass: story(2 * MIB), fail: story(95 * MIB) },
});

const round = (value: unknown) => (typeof value === 'number' ? Math.round(value) : null);
const mib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;

function story(keptBytes: number) {
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
    [11_000, { type: 'fault', fault: 'slow-server', what: 'bite', who: 's', facts: { unreadBytes: 70_000 } }],
    [70_000, { type: 'measure', name: 'slowed', facts }],
  ] as const;
}
