import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { nowMs } from '../clock.js';
import { HarnessError } from '../errors.js';
import { listenOnLoopback } from '../loopback.js';
import { secretToken } from '../random.js';
import { HEADERS, placeOf, refuse } from './guard.js';
import { parseHand } from './hand.js';
import { clientUrl, type LiveSession } from './live-session.js';
import { Presence } from './presence.js';
import { EventLog, streamTo } from './stream.js';

const MOST_BODY_BYTES = 64 * 1024;

/** The page and the HTTP API of a session (docs/session.md), for whoever has its address. */
export interface SessionApi extends AsyncDisposable {
  /** With its token: not for a log. */
  readonly url: string;
}

const PAGE: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '': ['page.html', 'text/html; charset=utf-8'],
  'page.js': ['page.js', 'text/javascript; charset=utf-8'],
  'page.css': ['page.css', 'text/css; charset=utf-8'],
};

export async function serveSession(session: LiveSession, onEnd: () => void): Promise<SessionApi> {
  const token = secretToken();
  const log = new EventLog();
  const listening = session.onEvent((event) => log.take(event));
  const presence = new Presence(() => void session.hands.heal((_, by) => by === 'page'));

  const get = (path: string, query: URLSearchParams, request: IncomingMessage, response: ServerResponse): unknown => {
    switch (path) {
      case 'api/session':
        return {
          name: session.target.name,
          protocol: session.target.protocol,
          seed: session.seed,
          clientsGoTo: clientUrl(session),
          directory: session.directory,
          payloads: session.payloads,
          faults: session.controls,
        };
      case 'api/state':
        return {
          t: Math.round(session.ageMs),
          totals: session.lanes.totals(nowMs()),
          acts: session.hands.inForce,
          lanes: session.lanes.lanes(nowMs()),
          verdicts: session.verdicts,
        };
      case 'api/events':
        return log.since(Number(query.get('after') ?? 0));
      case 'api/stream': {
        const page = secretToken();
        presence.come(page);
        response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
        const telling = streamTo(response, session, { page, log });
        request.on('close', () => {
          telling[Symbol.dispose]();
          presence.leave(page);
        });
        return STREAMED;
      }
    }
    return undefined;
  };

  const post = async (path: string, body: Readonly<Record<string, unknown>>): Promise<unknown> => {
    switch (path) {
      case 'api/inject': {
        const { page, ...asked } = body;
        const hand = parseHand(asked, session.controls);
        return { act: await session.hands.inject(hand, presence.has(page) ? 'page' : 'script') };
      }
      case 'api/heal':
        return { healed: await session.hands.heal((act) => body.act === undefined || body.act === act) };
      case 'api/beat':
        return { known: typeof body.page === 'string' && presence.beat(body.page) };
      case 'api/end':
        onEnd();
        return { ending: true };
    }
    return undefined;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '', headers, socket } = request;
    const refused = refuse({ method, url, headers, remoteAddress: socket.remoteAddress }, { token, port: server.port });
    if (refused) return sendJson(response, refused.status, { error: refused.reason });
    const { path, query } = placeOf(url);
    const file = method === 'GET' && Object.hasOwn(PAGE, path) ? PAGE[path] : undefined;
    if (file) return sendFile(response, ...file);
    const found = method === 'GET' ? get(path, query, request, response) : await post(path, await bodyOf(request));
    if (found === STREAMED) return;
    if (found === undefined) sendJson(response, 404, { error: 'not found' });
    else sendJson(response, 200, found);
  };

  const listener = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const told = error instanceof HarnessError;
      if (!response.headersSent)
        sendJson(response, told ? 400 : 500, { error: told ? error.message : 'an error of Holdfast’s own' });
      else response.destroy();
    });
  });
  const server = await listenOnLoopback(listener);
  return {
    url: `http://${server.host}:${server.port}/${token}/`,
    async [Symbol.asyncDispose]() {
      presence[Symbol.dispose]();
      listening[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const STREAMED = Symbol('streamed');

function sendJson(response: ServerResponse, status: number, facts: unknown): void {
  response.writeHead(status, { ...HEADERS, 'content-type': 'application/json; charset=utf-8' });
  response.end(`${JSON.stringify(facts)}\n`);
}

function sendFile(response: ServerResponse, name: string, type: string): void {
  response.writeHead(200, { ...HEADERS, 'content-type': type });
  response.end(readFileSync(join(__dirname, 'page', name)));
}

async function bodyOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > MOST_BODY_BYTES) throw new HarnessError('BAD_BODY', 'the body is longer than 64 KiB');
    pieces.push(piece);
  }
  const text = Buffer.concat(pieces).toString('utf8');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text === '' ? '{}' : text);
  } catch {
    throw new HarnessError('BAD_BODY', 'the body is not JSON');
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw new HarnessError('BAD_BODY', 'the body must be a JSON object');
}
