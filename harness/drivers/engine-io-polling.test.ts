import { WebSocket } from 'ws';
import { waitFor } from '../clock.js';
import { startReferenceServer } from './websocket-reference.js';

/** What socket.io-client 4.8 does by default: it polls, connects, and then moves to a WebSocket. */
test('a client that begins with polling is brought to its WebSocket and loses nothing on the way', async () => {
  await using server = await startReferenceServer({ base: 1000, pushMs: 20 });
  const path = `//127.0.0.1:${server.port}/socket.io/?EIO=4`;
  const poll = async (sid: string, body?: string) => {
    const post = body === undefined ? {} : { method: 'POST', body };
    return (await fetch(`http:${path}&transport=polling${sid}`, post)).text();
  };
  const opened = JSON.parse((await poll('')).slice(1)) as {
    readonly sid: string;
    readonly upgrades: readonly string[];
  };
  expect(opened.upgrades).toEqual(['websocket']);
  const sid = `&sid=${opened.sid}`;
  expect(await poll(sid, '40')).toBe('ok');
  const first = await poll(sid);
  expect(first).toMatch(/^40\{"sid":/);

  const socket = new WebSocket(`ws:${path}&transport=websocket${sid}`);
  const got: string[] = [];
  socket.on('message', (raw) => got.push(raw.toString()));
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send('2probe');
  await waitFor(() => got.includes('3probe'), 5000);
  const between = await poll(sid);
  socket.send('5');
  await waitFor(() => got.length >= 5, 5000);
  const numbers =
    [first, between, ...got]
      .join()
      .match(/"seq":\d+/g)
      ?.map((text) => Number(text.slice(6))) ?? [];
  expect(numbers.length).toBeGreaterThan(3);
  expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
  socket.close();
});

test('a session that nobody knows is refused', async () => {
  await using server = await startReferenceServer({ base: 1000 });
  const answer = await fetch(`http://127.0.0.1:${server.port}/socket.io/?EIO=4&transport=polling&sid=none`);
  expect(answer.status).toBe(400);
});
