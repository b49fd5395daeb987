import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { every } from '../clock.js';
import type { HistoryEvent, RunOptions, Target, Verdict } from '../contract.js';

/** What the thread is started with. */
export interface JudgingWork {
  readonly target: Target;
  readonly options: RunOptions;
}

const POST_MS = 500;

/** Judges as evidence arrives, in a thread of its own: the checks never hold up a byte that passes the gate. */
export class Judging implements AsyncDisposable {
  verdicts: readonly Verdict[] = [];
  private readonly thread: Worker;
  private readonly posting: Disposable;
  private pending: HistoryEvent[] = [];

  constructor(work: JudgingWork, onVerdicts: () => void, onFailure: (error: Error) => void) {
    this.thread = new Worker(join(__dirname, 'judging-thread.js'), { workerData: work });
    this.thread.unref();
    this.thread.on('message', ({ verdicts }: { readonly verdicts: readonly Verdict[] }) => {
      this.verdicts = verdicts;
      onVerdicts();
    });
    this.thread.on('error', onFailure);
    this.posting = every(POST_MS, () => {
      if (this.pending.length === 0) return;
      this.thread.postMessage(this.pending);
      this.pending = [];
    });
  }

  take(event: HistoryEvent): void {
    this.pending.push(event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.posting[Symbol.dispose]();
    await this.thread.terminate();
  }
}
