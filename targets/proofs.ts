/** What `npm run prove` and its test run: a proof for each resilient form, flawed and tricky program. */
import type { Run } from '../harness/contract.js';
import { SCALE } from './checked.js';
import { checkResilient, nameOf, type Resilient } from './resilient.js';
import { loadOf, type Proof } from './side-by-side.js';
import { aimsOf, prove, type Subject } from './subjects.js';

/** One of its sixty verdicts is inconclusive more easily than the one of a flawed program is. */
const CHECKLIST_AGAIN = 2;

interface Proving {
  readonly results: string;
  /** Further flags. */
  readonly words?: readonly string[];
  readonly onRun?: (run: Run) => void;
}

export function subjectProof(
  subject: Subject,
  { results, words = [], all = false, onRun }: Proving & { readonly all?: boolean },
): Proof {
  return {
    name: subject.file,
    load: all ? 'works' : loadOf(aimsOf(subject)),
    again: 1,
    async run() {
      const { run, wrong } = await prove(subject, results, all, words);
      onRun?.(run);
      return wrong;
    },
  };
}

/** In windows of a fifth; it must pass all that it is asked. */
export function formProof(form: Resilient, { results, words = [], onRun }: Proving): Proof {
  return {
    name: nameOf(form),
    load: form.aims ? loadOf(form.aims) : 'alone',
    again: CHECKLIST_AGAIN,
    async run() {
      const run = await checkResilient(form, results, ['--scale', SCALE, ...form.words, ...words]);
      onRun?.(run);
      return failuresOf(run);
    },
  };
}

/** In its real windows, on every check. */
export function realProof(form: Resilient, { results }: Proving): Proof {
  return {
    name: `${nameOf(form)} in its real windows`,
    load: 'real',
    again: CHECKLIST_AGAIN,
    async run() {
      const run = await checkResilient(form, results, form.words);
      const { grade } = run.summary;
      return [...failuresOf(run), ...(grade === 'A+' ? [] : [`its grade is ${grade}`])];
    },
  };
}

function failuresOf({ verdicts }: Run): string[] {
  return verdicts
    .filter(({ outcome }) => outcome === 'fail' || outcome === 'inconclusive')
    .map(({ check, outcome, actual, reason }) => `${outcome}: ${check}: ${actual || reason}`);
}
