import type { Finding, HistoryEvent } from './contract.js';

type Details = Omit<Finding, 'outcome' | 'actual'>;

/** The four things a check may say. */
export function pass(actual: string, details: Details = {}): Finding {
  return { outcome: 'pass', actual, ...details };
}

export function fail(actual: string, details: Details & { readonly because: readonly HistoryEvent[] }): Finding {
  return { outcome: 'fail', actual, ...details };
}

/** For measurement only: what could have been known and was not. */
export function inconclusive(reason: string, details: Details & { readonly actual?: string } = {}): Finding {
  const { actual, ...rest } = details;
  return { outcome: 'inconclusive', actual: actual ?? reason, reason, ...rest };
}

/** What the target lacks, or has declared away. */
export function skipped(reason: string, details: Details = {}): Finding {
  return { outcome: 'skipped', actual: '', reason, ...details };
}

/** It lacks what another check asks for; where that one passes (on a busy machine, mostly) the two contradict each other, and `judge` concludes nothing. */
export function follows(from: string, why: string, details: Details = {}): Finding {
  return skipped(`follows from ${from}: ${why}`, { ...details, followsFrom: from });
}
