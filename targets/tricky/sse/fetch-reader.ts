/**
 * Tricky: a client of another make, over `fetch`: reads character by character, names events by their `id:` and not by their
 * data, waits as it likes and not as `retry:` says, drops no repeats, and leaves no word of how a stream ended.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { report, scaledMs, type TrickyMeta } from '../../program';

export const meta: TrickyMeta = {
  role: 'client',
  trick: 'reads character by character over fetch, and reports `id:`',
  fine: ['stale-last-event-id', 'partial-event', 'bad-message-kills-client', 'no-resume', 'message-loss'].map(
    (id) => `sse/${id}`,
  ),
};

let lastEventId = '';

async function follow(url: string): Promise<void> {
  // What fetch takes for a header is bytes, each written as a character.
  const presented = Buffer.from(lastEventId).toString('latin1');
  const headers = { accept: 'text/event-stream', ...(presented && { 'last-event-id': presented }) };
  const { body, status } = await fetch(url, { headers });
  if (status !== 200 || body === null) return;
  const [text, reader] = [new TextDecoder(), readerOf()];
  for await (const chunk of body) for (const char of text.decode(chunk, { stream: true })) reader(char);
}

function readerOf(): (char: string) => void {
  let [line, data, id, afterCr] = ['', '', lastEventId, false];
  const end = () => {
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (line === '') {
      lastEventId = id;
      if (data !== '') report('message', { id });
      data = '';
    }
    if (name === 'data') data += `${value}\n`;
    if (name === 'id' && !value.includes('\0')) id = value;
    line = '';
  };
  return (char) => {
    if (char === '\r' || (char === '\n' && !afterCr)) end();
    else if (char !== '\n') line += char;
    afterCr = char === '\r';
  };
}

async function main(): Promise<void> {
  for (let failures = 0; ; failures++) {
    const openedAtMs = Date.now();
    await follow(process.env.TARGET_URL ?? 'http://127.0.0.1:8080/').catch(() => {});
    if (Date.now() - openedAtMs > scaledMs(5_000)) failures = 0;
    await sleep(scaledMs(Math.min(30_000, 1_000 * 2 ** failures) * (0.5 + Math.random())));
  }
}

if (require.main === module) void main();
