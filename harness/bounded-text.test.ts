import { boundedText } from './bounded-text.js';

const endless = () =>
  new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1000)),
  });

test('the text of an answer is read whole, and of one without an end no more than a limit', async () => {
  expect(await boundedText(new Response('snow ☃'), 100)).toBe('snow ☃');
  expect(await boundedText(new Response(null), 100)).toBe('');
  await expect(boundedText(new Response(endless()), 10_000)).rejects.toThrow('an answer over 10000 bytes');
});
