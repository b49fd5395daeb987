import { cohereShape } from './cohere-stream.js';
import { geminiShape } from './gemini-stream.js';
import { ollamaShape } from './ollama-stream.js';
import { named, type TokenShape, unnamed } from './token-shape.js';

/**
 * An answer of an LLM as a stream of tokens, in the words of the two providers whose shapes others copy. OpenAI, chat
 * completions: chunks "terminated by a `data: [DONE]` message". OpenAI, responses: typed events up to `response.completed`.
 * Anthropic, messages: "1. message_start [...] 2. A series of content blocks [...] 4. A final message_stop event", with `ping`
 * anywhere and `error` in place of what was to come.
 */
export interface Question {
  /** Of the request: `/v1/chat/completions`. */
  readonly path: string;
  /** Its body. */
  readonly body: string;
}

const MODEL = 'holdfast-1';
const CREATED = 1_760_000_000;

/** By the end of a request's path. */
const PATHS = {
  chat: /\/chat\/completions$/,
  messages: /\/messages$/,
  responses: /\/responses$/,
  gemini: /:streamGenerateContent$/,
  cohere: /\/v2\/chat$/,
  ollama: /\/api\/(chat|generate)$/,
} as const;

export type TokenApi = keyof typeof PATHS;

/** The API that a path belongs to, and with it the final marker that its clients know. */
export function tokenApiOf(path: string): TokenApi | undefined {
  const place = path.replace(/[?#].*$/, '').replace(/\/+$/, '');
  return (Object.keys(PATHS) as TokenApi[]).find((api) => PATHS[api].test(place));
}

/** The shape that the path asks for; that of OpenAI's chat where it says nothing. */
export function tokenShapeOf({ path, body }: Question): TokenShape {
  const api = tokenApiOf(path);
  if (api === 'messages') return messages();
  if (api === 'responses') return responses();
  if (api === 'gemini') return geminiShape(MODEL);
  if (api === 'cohere') return cohereShape();
  if (api === 'ollama') return ollamaShape(MODEL, /\/chat\b/.test(path));
  return chat(body.replace(/\s/g, '').includes('"include_usage":true'));
}

function chat(tellsUsage: boolean): TokenShape {
  const chunk = (choices: readonly object[], more: object = {}) =>
    unnamed({ id: 'chatcmpl-hf1', object: 'chat.completion.chunk', created: CREATED, model: MODEL, choices, ...more });
  const choice = (delta: object, finish: string | null = null) => [
    { index: 0, delta, logprobs: null, finish_reason: finish },
  ];
  return {
    begin: () => [chunk(choice({ role: 'assistant', content: '' }))],
    token: (content) => chunk(choice({ content })),
    end: (_, tokens) => [
      chunk(choice({}, 'stop')),
      ...(tellsUsage
        ? [chunk([], { usage: { prompt_tokens: 5, completion_tokens: tokens, total_tokens: 5 + tokens } })]
        : []),
      'data: [DONE]\n\n',
    ],
    error: unnamed({
      error: { message: 'The server had an error while processing your request', type: 'server_error', code: null },
    }),
    beat: ': keep-alive\n\n',
  };
}

function messages(): TokenShape {
  const usage = { input_tokens: 5, output_tokens: 1 };
  const message = { id: 'msg_hf1', type: 'message', role: 'assistant', model: MODEL, content: [] };
  return {
    begin: () => [
      named({ type: 'message_start', message: { ...message, stop_reason: null, stop_sequence: null, usage } }),
      named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
      named({ type: 'ping' }),
    ],
    token: (text) => named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
    end: (_, tokens) => [
      named({ type: 'content_block_stop', index: 0 }),
      named({
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: tokens },
      }),
      named({ type: 'message_stop' }),
    ],
    error: named({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
    beat: named({ type: 'ping' }),
  };
}

function responses(): TokenShape {
  let sequence = 0;
  const event = (type: string, more: object) => named({ type, sequence_number: sequence++, ...more });
  const answer = { id: 'resp_hf1', object: 'response', created_at: CREATED, model: MODEL, error: null };
  const begun = { ...answer, status: 'in_progress', output: [], usage: null, tools: [], incomplete_details: null };
  const item = { id: 'msg_hf1', type: 'message', role: 'assistant' };
  const place = { item_id: item.id, output_index: 0, content_index: 0 };
  const part = (text: string) => ({ type: 'output_text', text, annotations: [] });
  return {
    begin: () => [
      event('response.created', { response: begun }),
      event('response.in_progress', { response: begun }),
      event('response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress', content: [] } }),
      event('response.content_part.added', { ...place, part: part('') }),
    ],
    token: (delta) => event('response.output_text.delta', { ...place, delta, logprobs: [] }),
    end: (text, tokens) => {
      const whole = { ...item, status: 'completed', content: [part(text)] };
      const usage = {
        input_tokens: 5,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: tokens,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 5 + tokens,
      };
      return [
        event('response.output_text.done', { ...place, text, logprobs: [] }),
        event('response.content_part.done', { ...place, part: part(text) }),
        event('response.output_item.done', { output_index: 0, item: whole }),
        event('response.completed', { response: { ...begun, status: 'completed', output: [whole], usage } }),
      ];
    },
    get error() {
      return event('error', { code: 'server_error', message: 'The server had an error', param: null });
    },
    beat: ': keep-alive\n\n',
  };
}
