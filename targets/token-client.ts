/**
 * The resilient reader of an LLM's answer: posts one question to TARGET_URL, reads the tokens as they come and leaves. Exit code 0 only
 * where the final marker has come; an answer that was cut, that turned into an error or that stands still is reported as one.
 */
import { createParser } from 'eventsource-parser';
import { scaledMs } from './program';
import { type Behaviour, resilient } from './token-client-behaviour';

export const meta = { role: 'client', trips: null } as const;

export function startClient(flaw: Partial<Behaviour> = {}): void {
  const behaviour: Behaviour = { ...resilient, ...flaw };
  const again = () => void answer();
  async function answer(): Promise<void> {
    const [whole, why] = await ask(behaviour);
    if (whole) behaviour.onWhole(again);
    else behaviour.onCut(why, again);
  }
  again();
}

/** Whether the answer is whole, and what ended it. */
async function ask(behaviour: Behaviour): Promise<readonly [boolean, string]> {
  const { silenceMs, isFinal } = behaviour;
  const abort = new AbortController();
  let stalled = false;
  let final = false;
  let failed: string | undefined;
  const stall = () => {
    stalled = true;
    abort.abort();
  };
  const patience = silenceMs === null ? undefined : setTimeout(stall, scaledMs(silenceMs));
  const parser = createParser({
    onEvent: ({ data }) => {
      final ||= isFinal(data);
      if (data === '[DONE]') return;
      const { choices, error } = JSON.parse(data) as Chunk;
      if (error) failed = error.message;
      const token = choices?.[0]?.delta.content;
      if (token) behaviour.onToken(token);
    },
  });
  try {
    const response = await fetch(process.env.TARGET_URL ?? 'http://127.0.0.1:8080/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...behaviour.headers },
      body: JSON.stringify({ stream: true, messages: [{ role: 'user', content: behaviour.question() }] }),
      signal: abort.signal,
    });
    if (!response.ok || !response.body) return [false, `HTTP ${response.status}`];
    const text = new TextDecoder();
    for await (const bytes of response.body) {
      patience?.refresh();
      parser.feed(text.decode(bytes, { stream: true }));
      if (final || failed) break;
    }
  } catch (error) {
    if (stalled) return [false, 'nothing came any more'];
    return [behaviour.takesAnyEnd, `its connection broke (${error})`];
  } finally {
    clearTimeout(patience);
  }
  return [final || behaviour.takesAnyEnd, failed ?? 'it ended before its final marker'];
}

interface Chunk {
  readonly choices?: readonly { readonly delta: { readonly content?: string } }[];
  readonly error?: { readonly message: string };
}

if (require.main === module) startClient();
