import { parentPort, workerData } from 'node:worker_threads';
import { loadCatalog } from '../catalog.js';
import { every, nowMs } from '../clock.js';
import type { HistoryEvent } from '../contract.js';
import type { JudgingWork } from './judging.js';
import { RecentPast } from './recent-past.js';
import { judgeSession } from './verdicts.js';

/** At most once a second, and never more than a tenth of a core; a machine that is busy does not keep it silent for long. */
const STEP_MS = 1000;
const SHARE = 10;
const LONGEST_REST_MS = 5000;

const { target, options } = workerData as JudgingWork;
// Read before the first evidence: what that takes is no measure of what judging takes.
const catalog = loadCatalog();
const past = new RecentPast();
let said = '';
let restUntilMs = 0;

parentPort?.on('message', (batch: readonly HistoryEvent[]) => {
  for (const event of batch) past.take(event);
});

// Also where nothing new has come: a time that has passed is evidence too.
every(STEP_MS, () => {
  const startMs = nowMs();
  const { last, events } = past;
  if (startMs < restUntilMs || !last) return;
  const verdicts = judgeSession(events, target, options, catalog);
  const tookMs = nowMs() - startMs;
  restUntilMs = nowMs() + Math.min(LONGEST_REST_MS, SHARE * tookMs);
  const text = JSON.stringify(verdicts);
  if (text === said) return;
  said = text;
  parentPort?.postMessage({ verdicts, atT: last.t, tookMs });
});
