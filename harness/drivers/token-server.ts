import { createServer } from 'node:http';
import { listenOnLoopback } from '../loopback.js';
import { answerTokens, type Halt, type HaltedAnswer } from './token-answer.js';
import { tokenApiOf } from './token-stream.js';

/** A server that answers every POST with the same words, of which the first answer may be told to stand still. */
export interface TokenServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Questions that came. */
  readonly asked: number;
  /** Answers that were sent whole. */
  readonly answered: number;
  readonly halted: HaltedAnswer | undefined;
  /** By the path of the first question. */
  readonly api: ReturnType<typeof tokenApiOf>;
}

export async function startTokenServer(
  words: readonly string[],
  halt: Omit<Halt, 'onHalt'> | undefined,
): Promise<TokenServer> {
  let [asked, answered] = [0, 0];
  let halted: HaltedAnswer | undefined;
  let api: TokenServer['api'];
  const http = createServer((request, response) => {
    if (request.method !== 'POST') {
      request.resume();
      return void response.writeHead(404).end();
    }
    asked += 1;
    if (asked === 1) api = tokenApiOf(request.url ?? '/');
    const onHalt = (answer: HaltedAnswer) => {
      halted = answer;
    };
    const first = halt && asked === 1 ? { ...halt, onHalt } : undefined;
    void answerTokens(request, response, words, first).then((whole) => {
      if (whole) answered += 1;
    });
  });
  const local = await listenOnLoopback(http);
  return {
    host: local.host,
    port: local.port,
    get asked() {
      return asked;
    },
    get answered() {
      return answered;
    },
    get halted() {
      return halted;
    },
    get api() {
      return api;
    },
    [Symbol.asyncDispose]: async () => {
      await local[Symbol.asyncDispose]();
    },
  };
}
