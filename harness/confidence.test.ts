import { confidenceOf } from './confidence.js';
import type { Check, Finding } from './contract.js';

const CHECK = {
  measured: { silenceMs: 'ms', beats: 'count' },
  samples: 'beats',
  decidedBy: [['silenceMs', 'maxMs']],
} as unknown as Check;

function sure(silenceMs: number | null, more: Partial<Finding> = {}) {
  return confidenceOf(
    CHECK,
    { maxMs: 1000 },
    { outcome: 'pass', actual: '', measured: { silenceMs, beats: 9 }, ...more },
  );
}

describe('the confidence of a verdict', () => {
  test('is lower the nearer its number lies to the threshold, on either side', () => {
    expect([500, 900, 1040].map((ms) => sure(ms).confidence)).toEqual(['high', 'medium', 'low']);
    expect(sure(900)).toMatchObject({ samples: 9, margin: { measured: 'silenceMs', threshold: 'maxMs', share: 0.1 } });
  });

  test('is never higher than what the check says itself', () => {
    expect(sure(1, { confidence: 'medium' }).confidence).toBe('medium');
  });

  test('asks no distance of what was not measured or not decided', () => {
    expect(sure(null)).toMatchObject({ confidence: 'high', margin: null });
    expect(sure(999, { outcome: 'inconclusive' })).toMatchObject({ confidence: 'low', margin: null });
  });
});
