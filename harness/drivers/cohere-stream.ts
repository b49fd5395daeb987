import { named, type TokenShape } from './token-shape.js';

/** Cohere, `/v2/chat` with `stream: true`. message-end: "A streamed event which signifies that the chat message has ended." */
export function cohereShape(): TokenShape {
  const text = (words: string) => ({ message: { content: { type: 'text', text: words } } });
  const begun = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] };
  return {
    begin: () => [
      named({ type: 'message-start', id: 'hf1', delta: { message: begun } }),
      named({ type: 'content-start', index: 0, delta: text('') }),
    ],
    token: (words) => named({ type: 'content-delta', index: 0, delta: text(words) }),
    end: (_, tokens) => [
      named({ type: 'content-end', index: 0 }),
      named({
        type: 'message-end',
        id: 'hf1',
        delta: { finish_reason: 'COMPLETE', usage: { tokens: { input_tokens: 5, output_tokens: tokens } } },
      }),
    ],
    // Its stream has no event for errors: its last one says why it stopped.
    error: named({ type: 'message-end', id: 'hf1', delta: { finish_reason: 'ERROR', error: 'internal server error' } }),
    beat: ': keep-alive\n\n',
  };
}
