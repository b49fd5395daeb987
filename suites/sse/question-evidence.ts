import type { EventOf, HistoryView, Scalar } from '../../harness/contract.js';

const KEY = /idempoten/i;
/** Where the question itself stands, in the bodies of the providers. */
const QUESTION = /^\/(messages|input|prompt|contents|question|query|text|system|instructions)\b/;

export interface Post {
  readonly head: EventOf<'handshake'>;
  readonly fields: Readonly<Record<string, Scalar>>;
  readonly hash: string;
  /** An idempotency key's hash. */
  readonly key: string | undefined;
}

/** The questions asked by way of this gate, in order, each with the body that followed its head. */
export function postsOf(history: HistoryView, gate: string): Post[] {
  const heads = history.of('handshake').filter((event) => event.gate === gate && event.method === 'POST');
  const bodies = history.of('message').filter((event) => event.gate === gate && event.dir === 'up');
  return heads.map((head) => {
    const body = bodies.find(({ conn, seq }) => conn === head.conn && seq > head.seq);
    const fields = body?.fields ?? {};
    const found = Object.entries({ ...head.fields, ...fields }).find(([name]) => KEY.test(name));
    return { head, fields, hash: body?.hash ?? '', key: found && JSON.stringify(found[1]) };
  });
}

/** A body may carry a number of its request's own; who asks something else changes what stands where the question does. */
export function sameQuestion(first: Post, later: Post): boolean {
  if (first.hash === later.hash) return true;
  const names = new Set([...Object.keys(first.fields), ...Object.keys(later.fields)]);
  const changed = [...names].filter(
    (name) => JSON.stringify(first.fields[name]) !== JSON.stringify(later.fields[name]),
  );
  return names.size > 0 && changed.length <= names.size / 2 && !changed.some((name) => QUESTION.test(name));
}
