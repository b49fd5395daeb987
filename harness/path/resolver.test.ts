import { answerTo, questionOf } from './resolver.js';

const query = Buffer.from('abcd01000001000000000000044665656404746573740000010001', 'hex');
const zone = { address: '127.0.0.2', answer: 'address', lookups: { address: 0, servfail: 0, slow: 0 } } as const;

describe('a resolver of our own', () => {
  it('reads the question, whatever the case of its letters', () => {
    expect(questionOf(query)).toEqual({ name: 'feed.test', type: 1, end: query.length });
  });

  it('does not read what is cut off or compressed', () => {
    expect(questionOf(query.subarray(0, 20))).toBeUndefined();
    expect(questionOf(Buffer.concat([query.subarray(0, 12), Buffer.from('c00c00010001', 'hex')]))).toBeUndefined();
  });

  it('answers with the address, and repeats the question as it came', () => {
    const question = questionOf(query);
    const answer = question && answerTo(query, question, zone).toString('hex');
    expect(answer).toBe(
      'abcd81800001000100000000' + '044665656404746573740000010001' + 'c00c000100010000000500047f000002',
    );
  });

  it('answers SERVFAIL where it is told to, and that a name does not exist where it knows none', () => {
    const question = { name: 'feed.test', type: 1, end: query.length };
    expect(answerTo(query, question, { ...zone, answer: 'servfail' }).readUInt16BE(2) & 15).toBe(2);
    expect(answerTo(query, question, undefined).readUInt16BE(2) & 15).toBe(3);
  });

  it('has no address of the sixth version', () => {
    const answer = answerTo(query, { name: 'feed.test', type: 28, end: query.length }, zone);
    expect([answer.readUInt16BE(2) & 15, answer.readUInt16BE(6)]).toEqual([0, 0]);
  });
});
