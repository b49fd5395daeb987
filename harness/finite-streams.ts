import type { CallPattern, Check, HistoryEvent } from './contract.js';
import type { Workload } from './scenario.js';

/** What the preflight learned of how streams are asked for. */
export type Asking = Pick<Workload, 'clientPosts' | 'serverPosted' | 'answersEnd' | 'pattern'>;

/** What a call of such a method is, and is not. */
const CALLS: Readonly<Record<CallPattern, string>> = {
  unary: 'a call of a unary method has one message each way, and is over with its answer',
  'client-streaming': 'a call of a client-streaming method gets one message, which ends it',
  'server-streaming': 'a call of a server-streaming method takes one message, which begins it',
  bidirectional: 'a call of a bidirectional method has many messages each way',
};

/**
 * Why a check is not asked of a target's streams (CHECKLIST rule 17): an answer to a POST, as an LLM gives it, ends, and who
 * reads it has nothing to come back to. So does a gRPC call that the server ends with OK, and a method may have no stream at all.
 */
export function streamReason(check: Check, asking: Asking): string | undefined {
  const { role, streams = 'endless', patterns } = check;
  const { pattern } = asking;
  if (pattern !== null && patterns !== undefined && !patterns.includes(pattern)) return CALLS[pattern];
  if (asking.answersEnd && streams === 'endless' && (role === 'server' || patterns !== undefined))
    return 'the server ends each call by itself, with OK: nobody comes back to it';
  const finite = role === 'client' ? asking.clientPosts : asking.serverPosted;
  if (!finite) return streams === 'finite' ? 'the client does not ask by POST for an answer that ends' : undefined;
  if (streams !== 'endless') return undefined;
  return role === 'client'
    ? 'taken for a finite stream, since the client asks by POST: truncated-answer and stalled-answer judge it instead'
    : 'taken for a finite stream, since the server is asked by POST (--subscribe): such an answer ends by itself, and nobody comes back to it';
}

/** The same, from the preflight's history. */
export function askingOf(preflight: readonly HistoryEvent[]): Asking {
  const learned = preflight.findLast((event) => event.type === 'measure' && event.name === 'workload');
  const facts = learned?.type === 'measure' ? learned.facts : {};
  const pattern = Object.keys(CALLS).find((name): name is CallPattern => name === facts.pattern) ?? null;
  return {
    clientPosts: facts.clientPosts === true,
    serverPosted: facts.serverPosted === true,
    answersEnd: facts.answersEnd === true,
    pattern,
  };
}
