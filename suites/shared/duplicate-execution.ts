import type { EventBodyAt, EventOf, HistoryView, Scalar } from '../../harness/contract.js';
import { defineCheck } from '../../harness/define.js';
import { fail, inconclusive, pass } from '../../harness/finding.js';
import { keyOf } from '../../harness/id-field.js';
import { numberOf } from '../../harness/sequence.js';

type Message = EventOf<'message'>;
/** Times, in seconds or finer, are another in every answer. */
const CLOCKLIKE = 1e9;
/** Of our ids. */
const ID_LENGTH = 16;

export default defineCheck({
  id: 'duplicate-execution',
  protocols: ['websocket', 'grpc'],
  patterns: ['unary', 'bidirectional'],
  inProtocol: {
    grpc: {
      fix: 'Let the request carry a key of the client’s, keep the answers by it for some minutes, and give the kept one to a key that comes again.',
      source:
        'CHECKLIST: cut between execution and answer, the same declared id sent again; statuscodes.md on UNAVAILABLE: “it is not always safe to retry non-idempotent operations”',
    },
  },
  level: 'MUST',
  antiPattern: 5,
  role: 'server',
  scenario: 'repeat',
  title: 'MUST execute a command once, and give the same answer, when it comes again with the same id',
  why: 'A client that was cut off before the answer cannot know whether it was executed. It has to ask again, and then the order must not be there twice.',
  fix: 'Keep the answers by command id for some minutes, and give the kept one to an id that comes again.',
  source: 'CHECKLIST: cut between execution and answer, the same declared id sent again',
  measured: { executed: 'times' },
  expect: {},
  judge(history) {
    const [first, second] = ['first', 'second'].map((name) => answerOf(history, name, name));
    if (!first || !second)
      return inconclusive(
        'no answer names the id of an undisturbed command: what it did cannot be told from other messages',
      );
    const lost = answerOf(history, 'cut', 'cut-far');
    const early = answerOf(history, 'cut', 'cut');
    if (!lost) return inconclusive('the command that was cut off had no answer before the cut');
    if (early || history.bites('reset').length === 0) return inconclusive('the answer was not cut off');
    if (!history.measures('command').some(({ facts }) => facts.name === 'again'))
      return inconclusive('the command was not sent again: the server took no session for it');
    const again = answerOf(history, 'again', 'again');
    if (!again)
      return fail('the same command with the same id has no answer the second time', {
        measured: { executed: null },
        because: [lost],
      });
    const because = [lost, again];
    const told = effectsOf(history, 'cut');
    const usual = effectsOf(history, 'second').length;
    if (usual > 0 && told.length > usual) {
      return fail(`executed ${Math.round(told.length / usual)} times: others were told of it again`, {
        measured: { executed: Math.round(told.length / usual) },
        because: [...because, ...told.slice(-1)],
      });
    }
    const measured = { executed: usual > 0 ? 1 : null };
    // What one execution has of its own: an order's number.
    const own = differing(first, second).filter((pointer) => !isTime(first.fields?.[pointer]));
    const other = own.filter((pointer) => differs(lost.fields?.[pointer], again.fields?.[pointer]));
    const counted = other.filter((pointer) => numberOf(again.fields?.[pointer]) !== undefined);
    if (counted.length > 0)
      return fail(`executed again: ${counted.join(', ')} is another the second time`, {
        measured: { executed: 2 },
        because,
      });
    const left = Object.keys(lost.fields ?? {}).filter((pointer) => again.fields?.[pointer] === undefined);
    if (left.length > 0) return fail(`the second answer lacks ${left.join(', ')}`, { measured, because });
    if (other.length > 0 && usual === 0)
      return inconclusive(
        `${other.join(', ')} is another in the second answer, which may name the answer or the execution`,
        { measured, because },
      );
    if (own.length === 0 && usual === 0)
      return inconclusive('neither the answers nor a witness tell one execution from two', { measured, because });
    return pass('executed once, and answered the same', { measured: { executed: 1 }, because });
  },
  examples: { pass: story(3), fail: story(4) },
});

/** The first message of a session that names its command's id. */
function answerOf(history: HistoryView, command: string, gate: string): Message | undefined {
  return naming(history, command).find((event) => event.gate === gate);
}

function effectsOf(history: HistoryView, command: string): Message[] {
  return naming(history, command).filter(({ gate }) => gate === 'witness');
}

function naming(history: HistoryView, command: string): Message[] {
  const id = history.measures('command').find(({ facts }) => facts.name === command)?.facts.id;
  const isNamed = (value: Scalar) => typeof value === 'object' && value !== null && value.hash === id;
  return history.of('message').filter(({ dir, fields = {} }) => dir === 'down' && Object.values(fields).some(isNamed));
}

function differing(left: Message, right: Message): string[] {
  const [one, other] = [left.fields ?? {}, right.fields ?? {}];
  const isId = (pointer: string) => {
    const value = one[pointer];
    return typeof value === 'object' && value !== null && value.length === ID_LENGTH;
  };
  return Object.keys(one).filter((pointer) => !isId(pointer) && differs(one[pointer], other[pointer]));
}

function differs(left: Scalar | undefined, right: Scalar | undefined): boolean {
  return left !== undefined && right !== undefined && keyOf(left) !== keyOf(right);
}

function isTime(value: Scalar | undefined): boolean {
  return Math.abs(numberOf(value) ?? 0) >= CLOCKLIKE;
}

/** Orders 1 and 2; 3 is cut off, and its command comes again: is it 3 still, or 4? */
function story(number: number): EventBodyAt[] {
  const answer = (gate: string, id: string, n: number) =>
    ({
      type: 'message',
      gate,
      conn: 1,
      dir: 'down',
      opcode: 'text',
      bytes: 40,
      hash: `${gate}${n}`,
      form: 'json',
      fields: { '/id': { hash: id, length: ID_LENGTH }, '/number': n },
    }) as const;
  const command = (name: string, id: string) => ({ type: 'measure', name: 'command', facts: { name, id } }) as const;
  return [
    [0, command('first', 'a')],
    [1, answer('first', 'a', 1)],
    [2, command('second', 'b')],
    [3, answer('second', 'b', 2)],
    [4, command('cut', 'c')],
    [5, answer('cut-far', 'c', 3)],
    [6, { type: 'fault', fault: 'reset', what: 'bite', who: 'reset', facts: {} }],
    [7, command('again', 'c')],
    [8, answer('again', 'c', number)],
  ];
}
