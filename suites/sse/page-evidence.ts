import type { EventBodyAt, EventOf } from '../../harness/contract.js';

const WORDS: Readonly<Record<string, string>> = {
  'mid-stream': 'an HTML page in the midst of its stream',
  instead: '10 s of HTML pages with status 524 in its place',
  portal: '10 s of HTML pages with status 200 in its place',
};

/** The pages that it met, for sentences. */
export function wordsOf(pages: readonly EventOf<'measure'>[]): string {
  return pages.map(({ facts }) => WORDS[String(facts.trial)] ?? facts.trial).join(', ');
}

/** A client that was given so many messages of each page. */
export function pageStory(taken: number): EventBodyAt[] {
  const page = (trial: string, t: number): EventBodyAt[] => [
    [
      t,
      { type: 'fault', fault: 'error-page', what: 'bite', who: trial, facts: { where: trial, status: 524, pages: 1 } },
    ],
    [
      t + 9000,
      { type: 'measure', name: 'page', facts: { trial, reports: true, taken, reconnectMs: 900, exited: false } },
    ],
  ];
  return [...page('mid-stream', 1000), ...page('instead', 1000)];
}
