import { connect, type Socket } from 'node:net';
import { until } from '../clock.js';
import { type ScriptedServer, startScriptedServer } from './sse-scripted.js';

async function ask(server: ScriptedServer, head: string): Promise<{ readonly socket: Socket; text(): string }> {
  const socket = connect(server.port, server.host);
  let seen = '';
  socket.on('data', (bytes) => {
    seen += bytes.toString('latin1');
  });
  socket.write(Buffer.from(head));
  return { socket, text: () => seen };
}

describe('a server that sends what it is told to', () => {
  it('tells what was presented byte by byte, and sends each piece as a chunk', async () => {
    await using server = await startScriptedServer();
    const { socket, text } = await ask(server, 'GET /feed?x=1 HTTP/1.1\r\nHost: x\r\nLast-Event-ID: sn☃w\r\n\r\n');
    await until('it came', () => server.streams.length > 0, 5000);
    const [stream] = server.streams;
    expect(stream).toMatchObject({ target: '/feed?x=1', gone: false });
    expect(stream?.header('last-event-id')?.toString('utf8')).toBe('sn☃w');
    stream?.write('data: a\r');
    stream?.write(Buffer.from([0xe2]));
    stream?.end();
    await until('it is ended', () => socket.readableEnded, 5000);
    expect(text().split('\r\n\r\n').slice(1).join('\r\n\r\n')).toBe('8\r\ndata: a\r\r\n1\r\n\xe2\r\n0\r\n\r\n');
  });

  it('can end in the middle of a body, and notices who leaves', async () => {
    await using server = await startScriptedServer();
    const first = await ask(server, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await until('it came', () => server.streams.length > 0, 5000);
    server.streams[0]?.drop();
    await until('it is ended', () => first.socket.readableEnded, 5000);
    expect(first.text()).not.toMatch(/\r\n0\r\n/);
    const second = await ask(server, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await until('it came', () => server.streams.length > 1, 5000);
    second.socket.destroy();
    await until('it is gone', () => server.streams[1]?.gone, 5000);
  });
});
