import type { EventOf, HistoryEvent, Target, Verdict } from '../contract.js';
import { viewOf } from '../history.js';
import { type FaultRow, faultRowsOf, type KnownFault } from './picture-faults.js';
import { type Lane, lanesOf } from './picture-lanes.js';
import { type Plot, plotsOf } from './picture-plots.js';
import { type Stray, straysOf } from './picture-strays.js';

/**
 * What a scenario's history looks like: all that the page draws, and no more. Times are whole milliseconds since the
 * scenario began. Pure, like all that comes from a saved run.
 */
export interface Picture {
  readonly scenario: string;
  /** When it began, since the run did. */
  readonly startMs: number;
  readonly spanMs: number;
  readonly phases: readonly (readonly [atMs: number, name: string])[];
  readonly faults: readonly FaultRow[];
  readonly lanes: readonly Lane[];
  /** Lanes for which there was no room. */
  readonly leftOut: number;
  readonly strays: readonly Stray[];
  readonly plots: readonly Plot[];
}

export interface PictureRequest {
  readonly scenario: string;
  readonly events: readonly HistoryEvent[];
  /** Those that rest on this scenario. */
  readonly verdicts: readonly Verdict[];
  readonly target: Target;
  readonly faults: readonly KnownFault[];
}

/** Undefined where nothing happened. */
export function pictureOf({ scenario, events, verdicts, target, faults }: PictureRequest): Picture | undefined {
  const first = events[0];
  const last = events.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const spanMs = Math.max(1, Math.ceil(last.t - first.t));
  const at = (t: number) => Math.round(t - first.t);
  const history = viewOf(events);
  const because = new Set(verdicts.flatMap((verdict) => verdict.because));
  const { lanes, leftOut } = lanesOf(history, { at, spanMs, because });
  return {
    scenario,
    startMs: Math.round(first.t),
    spanMs,
    phases: history.of('phase').map((event) => [at(event.t), phaseName(event)] as const),
    faults: faultRowsOf(history, { at, spanMs, known: faults }),
    lanes,
    leftOut,
    strays: straysOf(history, { at, verdicts, target }),
    plots: plotsOf(history, { at, spanMs }),
  };
}

function phaseName({ phase, label }: EventOf<'phase'>): string {
  return label === undefined ? phase : `${phase}: ${label}`;
}
