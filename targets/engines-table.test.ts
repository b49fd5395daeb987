import type { Outcome, Run, Verdict } from '../harness/contract.js';
import { EnginesTable } from './engines-table.js';

const run = (...said: readonly [check: string, outcome: Outcome, role?: string][]): Pick<Run, 'verdicts'> => ({
  verdicts: said.map(([check, outcome, role = 'server']) => ({ check, outcome, role }) as Verdict),
});
const PAGE =
  'Before.\n\n<!-- engines -->\n| old |\n| sse: silent-gap | pass | pass | pass |\n<!-- /engines -->\n\nAfter.\n';

it('groups what every engine says alike, keeps the rows of who was not run, and tells roles apart', () => {
  const table = new EnginesTable(['websocket', 'sse']);
  for (const engine of ['docker', 'toxiproxy', 'embedded'] as const) {
    const busy = engine === 'docker' ? 'inconclusive' : 'pass';
    table.add(
      'websocket',
      engine,
      run(
        ['websocket/reordering', 'pass'],
        ['websocket/drops-on-spike', busy, 'client'],
        ['websocket/drops-on-spike', 'pass', 'server'],
        ['websocket/late-auth', 'skipped'],
      ),
    );
  }
  const page = table.written(PAGE);
  expect(page.split('\n')).toEqual([
    'Before.',
    '',
    '<!-- engines -->',
    '| subject: checks | docker | toxiproxy | embedded |',
    '| --- | --- | --- | --- |',
    '| websocket: drops-on-spike (client) | inconclusive | pass | pass |',
    '| websocket: drops-on-spike (server), reordering | pass | pass | pass |',
    '| sse: silent-gap | pass | pass | pass |',
    '<!-- /engines -->',
    '',
    'After.',
    '',
  ]);
  expect(table.written(page)).toBe(page);
  expect(table.opposite()).toEqual([]);
});

it('names verdicts that are the opposite of each other, and none that is unknown', () => {
  const table = new EnginesTable(['sse']);
  table.add('sse', 'docker', run(['sse/reordering', 'fail'], ['sse/silent-gap', 'inconclusive']));
  table.add('sse', 'embedded', run(['sse/reordering', 'pass'], ['sse/silent-gap', 'fail']));
  expect(table.opposite()).toEqual(['sse: reordering is fail on docker, pass on embedded']);
});
