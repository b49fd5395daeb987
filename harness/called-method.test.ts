import { fetchedByOther, ofWitnessedMethod } from './called-method.js';
import type { EventBodyAt } from './contract.js';
import { viewOf } from './history.js';
import { tell } from './story.js';

function request(t: number, gate: string, stream: number, rpc: string): EventBodyAt {
  return [t, { type: 'handshake', gate, conn: 1, dir: 'up', stream, rpc }];
}

function answer(t: number, gate: string, stream?: number): EventBodyAt {
  const of = stream === undefined ? {} : { stream };
  return [t, { type: 'message', gate, conn: 1, dir: 'down', opcode: 'binary', bytes: 9, hash: `${t}`, ...of }];
}

const WATCHED = [request(0, 'witness', 1, '/a.A/Watch'), request(0, 'victim', 1, '/a.A/Watch')];

test('what other methods answer on the same connection is no message of the stream', () => {
  const history = viewOf(
    tell([...WATCHED, request(1, 'victim', 3, '/a.A/Ask'), answer(2, 'victim', 3), answer(3, 'victim', 1)]),
  );
  expect(ofWitnessedMethod(history, history.of('message')).map(({ stream }) => stream)).toEqual([1]);
});

test('of a protocol without methods all are', () => {
  const history = viewOf(tell([answer(2, 'victim'), answer(3, 'witness')]));
  expect(ofWitnessedMethod(history, history.of('message'))).toHaveLength(2);
});

test('a method that was never called before and has answered may have told what was missed', () => {
  const asks = [request(1, 'victim', 3, '/a.A/Ask'), answer(2, 'victim', 3)];
  const lists = [request(9, 'victim', 5, '/a.A/List'), answer(10, 'victim', 5)];
  const usual = [request(8, 'victim', 7, '/a.A/Ask'), answer(8, 'victim', 7)];
  expect(fetchedByOther(viewOf(tell([...WATCHED, ...asks, ...usual])), 5)).toBeUndefined();
  expect(fetchedByOther(viewOf(tell([...WATCHED, ...asks, ...usual, ...lists])), 5)).toMatchObject({ t: 9 });
});
