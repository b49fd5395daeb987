import type { HistoryEvent, Run } from '../contract.js';

/** A report that is a file of the saved run: a pure function of what was saved. */
export interface Reporter {
  /** As in `--reporter`; its file here has this name. */
  readonly name: string;
  /** What it is called beside run.json. */
  readonly file: string;
  /** Left out where the run alone will do: `render` then gets no events. `where-any`: it can do without as well. */
  readonly readsHistory?: true | 'where-any';
  readonly render: (run: Run, history: readonly HistoryEvent[]) => string;
}
