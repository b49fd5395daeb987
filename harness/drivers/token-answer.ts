import type { IncomingMessage, ServerResponse } from 'node:http';
import { every } from '../clock.js';
import type { TokenShape } from './token-shape.js';
import { tokenShapeOf } from './token-stream.js';

/** Between two tokens: that of a fast model. */
const PACE_MS = 100;
const MAX_QUESTION_BYTES = 4 * 1024 * 1024;

/** Where an answer stands still until it is told what to become of it. */
export interface Halt {
  /** So many tokens were sent. */
  readonly afterTokens: number;
  /** The beginning of the next one too: its event is cut in the middle of its text. */
  readonly inToken: boolean;
  readonly onHalt: (answer: HaltedAnswer) => void;
}

export interface HaltedAnswer {
  readonly tokens: number;
  /** The rest, as if nothing had been. */
  goOn(): void;
  /** The orderly end of the body, without the final marker. */
  end(): Promise<void>;
  /** The provider's error event, and that end. */
  fail(): Promise<void>;
  /** One sign of life; false where its provider has none. */
  beat(): boolean;
}

/** Answers a POST with these words, one token each; true once the whole of it was sent. */
export async function answerTokens(
  request: IncomingMessage,
  response: ServerResponse,
  words: readonly string[],
  halt?: Halt,
): Promise<boolean> {
  const body = await bodyOf(request);
  const shape = tokenShapeOf({ path: request.url ?? '/', body });
  response.on('error', () => {});
  response.writeHead(200, {
    'content-type': shape.type ?? 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    'access-control-allow-origin': '*',
  });
  for (const event of shape.begin()) response.write(event);
  const tokens = words.map((word, index) => (index === 0 ? word : ` ${word}`));
  const count = halt?.afterTokens ?? tokens.length;
  await sendPaced(response, shape, tokens.slice(0, count));
  if (halt) await standStill(response, shape, tokens.slice(count), halt);
  for (const event of shape.end(tokens.join(''), tokens.length)) response.write(event);
  await ended(response);
  return true;
}

/** Resolves when it is told to go on, and with the rest of the tokens sent. */
async function standStill(
  response: ServerResponse,
  shape: TokenShape,
  rest: readonly string[],
  halt: Halt,
): Promise<void> {
  const [next = '', ...others] = rest;
  const event = shape.token(next);
  const middle = event.lastIndexOf(next) + Math.ceil(next.length / 2);
  if (halt.inToken) response.write(event.slice(0, middle));
  await new Promise<void>((goOn) =>
    halt.onHalt({
      tokens: halt.afterTokens,
      goOn,
      end: () => ended(response),
      fail: () => {
        response.write(shape.error);
        return ended(response);
      },
      beat: () => {
        if (shape.beat !== undefined) response.write(shape.beat);
        return shape.beat !== undefined;
      },
    }),
  );
  response.write(halt.inToken ? event.slice(middle) : event);
  await sendPaced(response, shape, others);
}

function sendPaced(response: ServerResponse, shape: TokenShape, tokens: readonly string[]): Promise<void> {
  const left = tokens.values();
  return new Promise((resolve) => {
    const pace = every(PACE_MS, () => {
      const { value, done } = left.next();
      if (!done) return void response.write(shape.token(value));
      pace[Symbol.dispose]();
      resolve();
    });
    response.on('close', () => pace[Symbol.dispose]());
  });
}

function ended(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.end(resolve);
    response.on('close', resolve);
  });
}

/** As far as anybody would ask. */
async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      bytes += (chunk as Buffer).length;
      if (bytes <= MAX_QUESTION_BYTES) chunks.push(chunk as Buffer);
    }
  } catch {
    // It has left; there is nobody to answer.
  }
  return Buffer.concat(chunks).toString('utf8');
}
