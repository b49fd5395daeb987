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

// A client that asks by POST where to go takes a 404 for a failure, and never asks for a session.
test('what asks for no WebSocket is answered as by the reference server, and counts as no handshake', async () => {
  await using impostor = await startImpostor('right');
  const at = `http://127.0.0.1:${impostor.port}`;
  expect((await fetch(`${at}/negotiate`, { method: 'POST', body: '{}' })).status).toBe(200);
  expect(await (await fetch(`${at}/echo/info`)).json()).toMatchObject({ websocket: true });
  expect(impostor.seen).toEqual([]);
});
