import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { lengthPrefixed } from '../path/length-prefixed.js';
import { STORY_TARGET } from '../story.js';
import { askAsBrowser, type BrowserAnswer, type BrowserForm } from './browser-call.js';

const target = { ...STORY_TARGET, protocol: 'grpc' };

/** Gives what a server that answers so is taken for. */
async function ask(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  form: BrowserForm,
  streams: boolean,
): Promise<BrowserAnswer> {
  const server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const to = { host: '127.0.0.1', port };
  try {
    return await askAsBrowser({ to, target, rpc: '/a.B/C', form, http: '1.1', streams, message: Buffer.from([8, 1]) });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const trailers = (text: string) => {
  const frame = lengthPrefixed(Buffer.from(text));
  frame[0] = 0x80;
  return frame;
};

describe('a call as a browser makes it', () => {
  test('gRPC-Web is reached where the answer is of its type, and its trailers are no message', async () => {
    const bodies: Buffer[] = [];
    const reply = (request: IncomingMessage, response: ServerResponse) => {
      request
        .on('data', (piece) => bodies.push(piece))
        .on('end', () => {
          response.setHeader('content-type', 'application/grpc-web+proto');
          response.end(Buffer.concat([lengthPrefixed(Buffer.from('m')), trailers('grpc-status: 0\r\n')]));
        });
    };
    expect(await ask(reply, 'grpc-web', false)).toMatchObject({ reached: true, status: 200, messages: 1 });
    expect(Buffer.concat(bodies)).toEqual(Buffer.from([0, 0, 0, 0, 2, 8, 1]));
  });

  test('an error of the method is an answer, that there is no such method is none', async () => {
    const saying = (status: number) => (_: IncomingMessage, response: ServerResponse) => {
      response.setHeader('content-type', 'application/grpc-web+proto');
      response.end(trailers(`grpc-status: ${status}\r\ngrpc-message: no\r\n`));
    };
    expect(await ask(saying(3), 'grpc-web', false)).toMatchObject({ reached: true, messages: 0 });
    expect(await ask(saying(12), 'grpc-web', false)).toMatchObject({ reached: false, reason: 'UNIMPLEMENTED' });
  });

  test('a stream is reached with its first message, and not waited for to its end', async () => {
    const reply = (_: IncomingMessage, response: ServerResponse) => {
      response.setHeader('content-type', 'application/connect+proto');
      response.write(lengthPrefixed(Buffer.from('first')));
    };
    const startMs = Date.now();
    expect(await ask(reply, 'connect', true)).toMatchObject({ reached: true, messages: 1 });
    expect(Date.now() - startMs).toBeLessThan(3000);
  });

  test("Connect's errors of unary calls are JSON with a code; other JSON is somebody else's", async () => {
    const saying = (status: number, body: object) => (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    expect(await ask(saying(400, { code: 'invalid_argument' }), 'connect', false)).toMatchObject({ reached: true });
    expect(await ask(saying(501, { code: 'unimplemented' }), 'connect', false)).toMatchObject({ reached: false });
    expect(await ask(saying(404, { error: 'not found' }), 'connect', false)).toMatchObject({ reached: false });
  });

  test('a page and a server of gRPC alone are not reached, and the reason is what came', async () => {
    const page = (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(415, { 'content-type': 'text/html' }).end('<html>');
    };
    expect(await ask(page, 'grpc-web', true)).toMatchObject({ reached: false, reason: 'HTTP 415 with text/html' });
    const server = createTcpServer((socket) => socket.end(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])).resume());
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const to = { host: '127.0.0.1', port };
    const common = { to, target, rpc: '/a.B/C', form: 'connect', http: '1.1', streams: false } as const;
    const answer = await askAsBrowser({ ...common, message: Buffer.alloc(0) });
    server.close();
    expect(answer).toMatchObject({ reached: false, status: null });
    expect(answer.reason).toBe('an answer that is none of HTTP/1.1');
  });
});
