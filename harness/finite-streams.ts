import type { Check, HistoryEvent } from './contract.js';

/** What the preflight learned of how streams are asked for. */
export interface Asking {
  readonly clientPosts: boolean;
  readonly serverPosted: boolean;
}

/**
 * Why a check is not asked of a target's streams (CHECKLIST rule 17): an answer to a POST, as an LLM gives it, ends, and who
 * reads it has nothing to come back to.
 */
export function streamReason({ role, streams = 'endless' }: Check, asking: Asking): string | undefined {
  const finite = role === 'client' ? asking.clientPosts : asking.serverPosted;
  if (!finite) return streams === 'finite' ? 'the client does not ask by POST for an answer that ends' : undefined;
  if (streams !== 'endless') return undefined;
  return role === 'client'
    ? 'a finite stream, since the client asks by POST: truncated-answer and stalled-answer judge it instead'
    : 'a finite stream, since the server is asked by POST (--subscribe): it ends by itself, and nobody comes back to it';
}

/** The same, from the preflight's history. */
export function askingOf(preflight: readonly HistoryEvent[]): Asking {
  const learned = preflight.findLast((event) => event.type === 'measure' && event.name === 'workload');
  const facts = learned?.type === 'measure' ? learned.facts : {};
  return { clientPosts: facts.clientPosts === true, serverPosted: facts.serverPosted === true };
}
