import { createContext } from '../../harness/context.js';
import type { EventBodyAt, Target } from '../../harness/contract.js';
import { judgeStory, STORY_OPTIONS, STORY_TARGET } from '../../harness/story.js';
import { UNKNOWN_WORKLOAD } from '../../harness/worker-protocol.js';
import corruptedByErrorPage from '../sse/corrupted-by-error-page.js';
import errorPages from './error-pages.js';

/** Asks for its stream, and again whenever that ends. */
const READER = `
  const read = () => fetch(process.env.TARGET_URL).then((answer) => answer.text()).catch(() => {});
  const again = () => read().then(() => setTimeout(again, 50));`;
/** Logs in by POST for 3 s first, and ends where that fails. */
const LOGIN = `${READER}
  const post = () => fetch(process.env.TARGET_URL, { method: 'POST', body: '{}' }).then((answer) => answer.text());
  const startMs = Date.now();
  const login = () => (Date.now() - startMs > 3000 ? again() : post().then(login, () => process.exit(1)));
  login();`;

async function judged(script: string) {
  const { server: _, ...rest } = STORY_TARGET;
  const program = Buffer.from(script).toString('base64');
  const target: Target = {
    ...rest,
    protocol: 'sse',
    client: {
      command: `${process.execPath} -e "eval(Buffer.from('${program}','base64').toString())"`,
      pressureEnv: {},
    },
  };
  const events: EventBodyAt[] = [];
  const began = Number(process.hrtime.bigint()) / 1e6;
  {
    await using context = createContext({
      scenario: 'error-pages',
      target,
      options: { ...STORY_OPTIONS, scale: 0.1 },
      workload: UNKNOWN_WORKLOAD,
      observerKey: 'key',
      engineUrl: 'http://127.0.0.1:1',
      signal: new AbortController().signal,
      emit: (event, atMs) => void events.push([atMs - began, event]),
    });
    await errorPages.value.run(context);
  }
  return judgeStory(
    corruptedByErrorPage.value,
    events.toSorted((a, b) => a[0] - b[0]),
    target,
  );
}

test.each([
  ['asks for its stream at once', `${READER} again();`],
  ['logs in by POST for some time first', LOGIN],
])(
  'a client that %s meets the page once it holds its stream, and is seen to come back',
  async (_, script) => {
    expect(await judged(script)).toMatchObject({
      outcome: 'inconclusive',
      actual: expect.stringMatching(/^it came back each time/),
    });
  },
  60_000,
);
