import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '../clock.js';
import { openMiddlebox } from './middlebox.js';
import { PROFILES } from './proxy-profiles.js';

/** A server that says what it is told to, when it is told to. */
async function startServer() {
  const streams: ServerResponse[] = [];
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    streams.push(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    streams,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function follow(port: number) {
  const [response] = (await once(get({ host: '127.0.0.1', port, agent: false }), 'response')) as [IncomingMessage];
  const read = { status: response.statusCode, type: response.headers['content-type'], text: '', whole: false };
  response.on('data', (bytes) => {
    read.text += bytes;
  });
  response.on('end', () => {
    read.whole = response.complete;
  });
  response.on('error', () => {});
  return read;
}

describe('an edge like Cloudflare', () => {
  it('puts its page into a stream that has been idle for too long, and ends it in good order', async () => {
    await using server = await startServer();
    await using edge = await openMiddlebox({
      upstream: server,
      settings: { ...PROFILES.cloudflare, readTimeoutMs: 300 },
    });
    const read = await follow(edge.port);
    server.streams[0]?.write('data: one\n\n');
    await until('the stream ends', () => read.whole, 5000);
    expect(read.text).toMatch(/^data: one\n\n<!DOCTYPE html>\n[\s\S]*524[\s\S]*<\/html>\n$/);
    expect(edge.passages).toMatchObject([{ page: 524, inBytes: 11 }]);
  });

  it('does so at once where it is told to, but never in the midst of an event', async () => {
    await using server = await startServer();
    await using edge = await openMiddlebox({ upstream: server, settings: PROFILES.cloudflare });
    const read = await follow(edge.port);
    server.streams[0]?.write('data: half');
    await until('half an event is there', () => read.text === 'data: half', 5000);
    expect(edge.timeOut()).toBe(0);
    server.streams[0]?.write('\n\n');
    await until('the page is there', () => edge.timeOut() > 0, 5000);
    await until('the stream ends', () => read.whole, 5000);
    expect(read.text).toMatch(/^data: half\n\n<!DOCTYPE html>/);
  });

  it('shows its page to whoever comes while the server is away, and asks it for nothing', async () => {
    await using server = await startServer();
    await using edge = await openMiddlebox({ upstream: server, settings: PROFILES.cloudflare });
    edge.page = 502;
    const read = await follow(edge.port);
    await until('the page is whole', () => read.whole, 5000);
    expect(read).toMatchObject({ status: 502, type: 'text/html', text: expect.stringContaining('</html>') });
    edge.page = undefined;
    expect(await follow(edge.port)).toMatchObject({ status: 200, type: 'text/event-stream' });
    expect(server.streams).toHaveLength(1);
  });
});
