import type { CallPattern, Check } from './contract.js';
import { askingOf, streamReason } from './finite-streams.js';
import { tell } from './story.js';

const check = (role: 'client' | 'server', streams?: 'endless' | 'finite' | 'any') =>
  ({ role, ...(streams ? { streams } : {}) }) as Check;
const get = { clientPosts: false, serverPosted: false, answersEnd: false, pattern: null };

describe('what is asked of a stream', () => {
  test('that has no end is all but what is asked of answers', () => {
    expect(streamReason(check('client'), get)).toBeUndefined();
    expect(streamReason(check('client', 'any'), get)).toBeUndefined();
    expect(streamReason(check('client', 'finite'), get)).toMatch(/does not ask by POST/);
  });

  test('that has an end is only what an answer can keep', () => {
    expect(streamReason(check('client'), { ...get, clientPosts: true })).toMatch(/truncated-answer/);
    expect(streamReason(check('server'), { ...get, serverPosted: true })).toMatch(/--subscribe/);
    expect(streamReason(check('client', 'finite'), { ...get, clientPosts: true })).toBeUndefined();
    expect(streamReason(check('server', 'any'), { ...get, serverPosted: true })).toBeUndefined();
  });

  test('of the one role says nothing of the other', () => {
    expect(streamReason(check('server'), { ...get, clientPosts: true })).toBeUndefined();
  });

  test('is asked of those gRPC methods that have one', () => {
    const streaming = { role: 'server', patterns: ['server-streaming', 'bidirectional'] } as const;
    const told = (pattern: CallPattern | null) => streamReason(streaming as unknown as Check, { ...get, pattern });
    expect(told('unary')).toMatch(/over with its answer/);
    expect(told('client-streaming')).toMatch(/gets one message/);
    expect(told('server-streaming')).toBeUndefined();
    expect(told(null)).toBeUndefined();
    expect(streamReason(check('server'), { ...get, pattern: 'unary' })).toBeUndefined();
  });

  test('that its server ends with OK is no stream to come back to', () => {
    expect(streamReason(check('server'), { ...get, answersEnd: true })).toMatch(/with OK/);
    expect(streamReason(check('server', 'any'), { ...get, answersEnd: true })).toBeUndefined();
    expect(streamReason(check('client'), { ...get, answersEnd: true })).toBeUndefined();
  });

  test('is known from the last that the preflight learned', () => {
    const learned = (clientPosts: boolean) =>
      [1, { type: 'measure', name: 'workload', facts: { clientPosts, serverPosted: false } }] as const;
    expect(askingOf(tell([learned(false), learned(true)]))).toEqual({ ...get, clientPosts: true });
    expect(askingOf([])).toEqual(get);
  });
});
