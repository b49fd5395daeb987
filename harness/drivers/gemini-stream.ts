import { type TokenShape, unnamed } from './token-shape.js';

/**
 * Gemini, `models.streamGenerateContent?alt=sse`: each event is a GenerateContentResponse, and nothing comes after the last one.
 * `finishReason`: "The reason why the model stopped generating tokens. If empty, the model has not stopped generating the tokens."
 */
export function geminiShape(model: string): TokenShape {
  const event = (text: string, more: object = {}, rest: object = {}) =>
    unnamed({
      candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0, ...more }],
      modelVersion: model,
      responseId: 'hf1',
      ...rest,
    });
  return {
    begin: () => [],
    token: (text) => event(text),
    end: (_, tokens) => [
      event(
        '',
        { finishReason: 'STOP' },
        { usageMetadata: { promptTokenCount: 5, candidatesTokenCount: tokens, totalTokenCount: 5 + tokens } },
      ),
    ],
    error: unnamed({ error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } }),
    beat: ': keep-alive\n\n',
  };
}
