/** Proofs run side by side, by how they load the machine. */
import { loadCatalog } from '../harness/catalog.js';
import { nearTo } from './subjects.js';

/**
 * What a proof does to the machine. `waits`: mostly nothing. `compares`: it measures delays, which others must not lengthen.
 * `works`: it keeps a core or the memory busy. `real`: the resilient pair in its real windows, which outlast a few busy seconds.
 * `alone`: a whole checklist in scaled ones, which do not.
 */
export type Load = 'alone' | 'waits' | 'compares' | 'works' | 'real';

export interface Proof {
  readonly name: string;
  readonly load: Load;
  /** How often it is tried again where it comes out wrong: a busy machine may make a verdict inconclusive, which is right and is not what is proven. */
  readonly again: number;
  /** What is not as it must be; empty where all is. */
  run(): Promise<readonly string[]>;
}

export interface Told {
  readonly onProof: (name: string, wrong: readonly string[]) => void;
  readonly onAgain: (name: string, wrong: readonly string[]) => void;
}

/** They keep a core or the memory busy. The rest of the busy lane must only not be beside a comparison of delays. */
const WORKING = new Set(['pressure', 'unread', 'storm', 'one-connection', 'metrics']);
const { scenarios } = loadCatalog();

/**
 * Runs all of them: first what needs the machine for itself, then those that mostly wait, then those that compare delays beside those
 * that load the machine. What comes out wrong is tried again, alone and last; `onAgain` is told of each time.
 */
export async function proveSideBySide(proofs: readonly Proof[], { onProof, onAgain }: Told): Promise<void> {
  const of = (load: Load) => proofs.filter((proof) => proof.load === load).values();
  const waiting = {
    alone: of('alone'),
    waits: of('waits'),
    real: of('real'),
    compares: of('compares'),
    works: of('works'),
  };
  const wrongFirst: { readonly proof: Proof; readonly wrong: readonly string[] }[] = [];
  const lane = async (load: Load, beside: number) => {
    const inTurn = async () => {
      for (const proof of waiting[load]) {
        const wrong = await proof.run();
        if (wrong.length === 0) onProof(proof.name, wrong);
        else wrongFirst.push({ proof, wrong });
      }
    };
    await Promise.all(Array.from({ length: beside }, inTurn));
  };
  await lane('alone', 1);
  await Promise.all([lane('waits', 5), lane('real', 1)]);
  // One that works is beside those that compare; behind them a second one is.
  await Promise.all([lane('compares', 2).then(() => lane('works', 1)), lane('works', 1)]);
  for (const { proof, wrong: first } of wrongFirst) {
    let wrong = first;
    for (let n = 0; n < proof.again && wrong.length > 0; n++) {
      onAgain(proof.name, wrong);
      wrong = await proof.run();
    }
    onProof(proof.name, wrong);
  }
}

/** Of a run of these checks and of all that read the same scenarios. */
export function loadOf(ids: readonly string[]): Load {
  const near = nearTo(ids);
  const read = scenarios.filter(({ id, recordsAs }) => near.some(({ scenario }) => scenario === (recordsAs ?? id)));
  if (read.some(({ id }) => WORKING.has(id))) return 'works';
  return read.every(({ timingMs }) => timingMs === undefined) ? 'waits' : 'compares';
}
