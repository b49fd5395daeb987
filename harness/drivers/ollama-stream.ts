import type { TokenShape } from './token-shape.js';

/**
 * Ollama, `/api/chat` and `/api/generate`: "A stream of JSON objects is returned", one a line, and "the final response in the
 * stream also includes additional data about the generation": the one of `done`. It has no sign of life.
 */
export function ollamaShape(model: string, chats: boolean): TokenShape {
  const line = (words: string, more: object) => {
    const part = chats ? { message: { role: 'assistant', content: words } } : { response: words };
    return `${JSON.stringify({ model, created_at: '2026-01-01T00:00:00Z', ...part, ...more })}\n`;
  };
  return {
    type: 'application/x-ndjson',
    begin: () => [],
    token: (words) => line(words, { done: false }),
    end: (_, tokens) => [line('', { done: true, done_reason: 'stop', prompt_eval_count: 5, eval_count: tokens })],
    error: `${JSON.stringify({ error: 'an error was encountered while running the model' })}\n`,
  };
}
