import { waitFor } from '../clock.js';
import { EventStreamReader } from '../path/event-stream.js';
import { startTokenServer } from './token-server.js';

const WORDS = ['bofaku', 'tidemo', 'zuvipa'];

async function ask(port: number, path: string, onText: (text: string) => void = () => {}) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: '{"stream":true}' });
  const events: string[] = [];
  const reader = new EventStreamReader((part) => {
    if (part.kind === 'event') events.push(part.data);
  });
  let text = '';
  for await (const bytes of response.body ?? []) {
    text += Buffer.from(bytes).toString();
    onText(text);
    reader.push(Buffer.from(bytes));
  }
  return { text, events };
}

describe('an answer in tokens', () => {
  test.each([
    ['/v1/chat/completions', '[DONE]', '"content":" tidemo"'],
    ['/anywhere', '[DONE]', '"finish_reason":"stop"'],
    ['/v1/messages', '{"type":"message_stop"}', '"text":" tidemo"'],
    ['/v1/responses', 'response.completed', '"text":"bofaku tidemo zuvipa"'],
    ['/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse', '"finishReason":"STOP"', '"text":" tidemo"'],
    ['/v2/chat', '"type":"message-end"', '"text":" tidemo"'],
  ])('has the shape that %s asks for, and ends with %s', async (path, marker, part) => {
    await using server = await startTokenServer(WORDS, undefined);
    const { events, text } = await ask(server.port, path);
    expect(events.at(-1)).toContain(marker);
    expect(text).toContain(part);
    expect(server).toMatchObject({ asked: 1, answered: 1 });
  });

  test('stands still in the middle of a token, and goes on as if nothing had been', async () => {
    await using server = await startTokenServer(WORDS, { afterTokens: 1, inToken: true });
    let sofar = '';
    const asking = ask(server.port, '/v1/chat/completions', (text) => {
      sofar = text;
    });
    await waitFor(() => server.halted, 5000);
    await waitFor(() => sofar.endsWith('tid'), 5000);
    expect(sofar).toMatch(/"content":" tid$/);
    server.halted?.goOn();
    expect((await asking).events.at(-1)).toBe('[DONE]');
  });

  test('ends in good order without its marker when it is told to, and the next one is whole', async () => {
    await using server = await startTokenServer(WORDS, { afterTokens: 2, inToken: false });
    const asking = ask(server.port, '/v1/messages');
    await (await waitFor(() => server.halted, 5000))?.end();
    const { events } = await asking;
    expect(events.at(-1)).toContain('tidemo');
    expect((await ask(server.port, '/v1/messages')).events.at(-1)).toContain('message_stop');
    expect(server).toMatchObject({ asked: 2, answered: 1 });
  });

  test('is a line of JSON for each token where its provider sends no events', async () => {
    await using server = await startTokenServer(WORDS, undefined);
    const { text } = await ask(server.port, '/api/chat');
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ message, done }) => [message.content, done])).toEqual([
      ['bofaku', false],
      [' tidemo', false],
      [' zuvipa', false],
      ['', true],
    ]);
  });

  test.each([
    ['/openai/v1/chat/completions', 'chat'],
    ['/v1/projects/p/models/m:streamGenerateContent?alt=sse', 'gemini'],
    ['/v2/chat', 'cohere'],
    ['/v1/chat', undefined],
    ['/api/generate', 'ollama'],
  ])('knows by the path %s whose final marker is due', async (path, api) => {
    await using server = await startTokenServer(WORDS, undefined);
    await ask(server.port, path);
    expect(server.api).toBe(api);
  });

  test('turns into an error in the words of its provider', async () => {
    await using server = await startTokenServer(WORDS, { afterTokens: 1, inToken: false });
    const asking = ask(server.port, '/v1/messages');
    await (await waitFor(() => server.halted, 5000))?.fail();
    expect((await asking).text).toMatch(/event: error\ndata: {"type":"error"/);
  });
});
