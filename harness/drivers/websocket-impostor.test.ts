import { once } from 'node:events';
import { WebSocket } from 'ws';
import { until } from '../clock.js';
import { startImpostor } from './websocket-impostor.js';

test('a right answer is taken, and the ping behind it answered', async () => {
  await using impostor = await startImpostor('right');
  const socket = new WebSocket(`ws://127.0.0.1:${impostor.port}/`, ['feed.v1']);
  const [message] = (await once(socket, 'message')) as [Buffer];
  expect(JSON.parse(message.toString())).toMatchObject({ seq: 1 });
  expect(socket.protocol).toBe('feed.v1');
  await until('the pong is there', () => impostor.seen[0]?.ponged, 2000);
  socket.terminate();
  await until('the end is seen', () => impostor.seen[0]?.ended, 2000);
});

test.each([
  ['status 200', /200/],
  ['wrong accept', /Sec-WebSocket-Accept/],
  ['unasked subprotocol', /subprotocol/],
] as const)('a strict client refuses %s for that reason alone', async (answer, why) => {
  await using impostor = await startImpostor(answer);
  const socket = new WebSocket(`ws://127.0.0.1:${impostor.port}/`);
  const [error] = (await once(socket, 'error')) as [Error];
  expect(error.message).toMatch(why);
  await until('the end is seen', () => impostor.seen[0]?.ended, 2000);
  expect(impostor.seen[0]).toMatchObject({ ponged: false, said: 0 });
});

test('what asks for no WebSocket gets a page that is not there, and counts as no handshake', async () => {
  await using impostor = await startImpostor('right');
  expect((await fetch(`http://127.0.0.1:${impostor.port}/`)).status).toBe(404);
  expect(impostor.seen).toEqual([]);
});
