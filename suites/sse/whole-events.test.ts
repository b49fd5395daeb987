import type { EventBodyAt } from '../../harness/contract.js';
import { viewOf } from '../../harness/history.js';
import { tell } from '../../harness/story.js';
import { eventsOf } from './whole-events.js';

const event = (what: string, name: string, key: string) =>
  ({ type: 'measure', name: 'event', facts: { what, name, key } }) as const;
const report = (id?: number) =>
  ({ type: 'report', process: 'whole', event: 'message', ...(id === undefined ? {} : { id }) }) as const;
const found = (events: readonly EventBodyAt[]) => eventsOf(viewOf(tell(events)));
const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);

test('an event that was cut is half where it is reported before it is sent whole', () => {
  const sent: EventBodyAt[] = [
    [0, event('half', 'before its blank line', '7')],
    [900, event('whole', 'before its blank line', '7')],
    [910, report(7)],
  ];
  expect(names(found(sent).half)).toEqual([]);
  // Once more as a whole, or dropped then as a repeat: what counts is the first.
  expect(names(found([...sent, [10, report(7)]]).half)).toEqual(['before its blank line']);
  expect(names(found([sent[0] ?? [0, report()], [10, report(7)]]).half)).toEqual(['before its blank line']);
});

test('a form that never comes is lost, one that comes twice is torn, and what was never sent is strange', () => {
  const seen = found([
    [0, event('form', 'plain', '1')],
    [1, report(1)],
    [2, event('form', 'CR and LF in two packets', '2')],
    [3, report(2)],
    [4, report(2)],
    [5, event('form', 'lines that end in CR', '3')],
    [6, report(99)],
  ]);
  expect(seen).toMatchObject({ plain: 1, reported: 1 });
  expect([names(seen.torn), names(seen.lost), seen.strange.length]).toEqual([
    ['CR and LF in two packets'],
    ['lines that end in CR'],
    1,
  ]);
});

test('what comes without an id may be told by the id of the event before it', () => {
  const told: EventBodyAt[] = [
    [0, event('form', 'characters in two packets', '1')],
    [1, report(1)],
    [2, event('behind', 'before its blank line', '2')],
    [3, report(1)],
  ];
  expect(names(found(told).torn)).toEqual([]);
});

test('a report that was cut, and has lost its id, may be of what seems lost', () => {
  const lost: EventBodyAt[] = [[0, event('form', 'an event of 1 MiB', '1')]];
  expect(names(found(lost).lost)).toEqual(['an event of 1 MiB']);
  expect(names(found([...lost, [5, report()]]).lost)).toEqual([]);
});
