import { createContext } from './context.js';
import type { Target } from './contract.js';
import { preflight } from './preflight.js';
import { STORY_OPTIONS, STORY_TARGET } from './story.js';
import { UNKNOWN_WORKLOAD } from './worker-protocol.js';

async function learn(parts: Pick<Target, 'client' | 'server' | 'subscribe'>) {
  const { server: _, client: __, ...rest } = STORY_TARGET;
  await using context = createContext({
    scenario: 'preflight',
    target: { ...rest, protocol: 'sse', cwd: __dirname, ...parts },
    options: STORY_OPTIONS,
    workload: UNKNOWN_WORKLOAD,
    observerKey: 'key',
    engineUrl: 'http://127.0.0.1:1',
    signal: new AbortController().signal,
    emit: () => {},
  });
  return await preflight(context);
}

const clientOf = (script: string) => ({
  client: { command: `node -e '${script}'`, pressureEnv: {} },
});
const POST = 'await fetch(process.env.TARGET_URL, { method: "POST", body: "{}" }).then((answer) => answer.text())';
const GET = 'fetch(process.env.TARGET_URL)';

describe('before anything is disturbed', () => {
  test('a client that asks by POST and leaves with its answer is known as one', async () => {
    expect(await learn(clientOf(`(async () => { ${POST} })()`))).toMatchObject({ clientPosts: true });
  });

  test('a client that gets a stream is not, nor is one that posts a login first', async () => {
    expect(await learn(clientOf(GET))).toMatchObject({ clientPosts: false });
    expect(await learn(clientOf(`(async () => { ${POST}; ${GET} })()`))).toMatchObject({ clientPosts: false });
  });

  test('a server that is asked by POST may end its answers', async () => {
    const answers =
      'require("http").createServer((q, s) => s.writeHead(200, { "content-type": "text/event-stream" }).end("data: 1\\n\\n")).listen(process.env.PORT)';
    const server = {
      command: `node -e '${answers}'`,
      stopSignal: 'SIGTERM' as const,
      graceMs: 5000,
      serialCopies: false,
      quietEnv: {},
      pressureEnv: {},
    };
    const subscribe = { in: 'message', text: '{"stream":true}' } as const;
    expect(await learn({ server, subscribe })).toMatchObject({ serverPosted: true });
    await expect(learn({ server })).rejects.toThrow(/ended each session/);
  });
});
