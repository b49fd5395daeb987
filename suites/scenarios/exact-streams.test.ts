import { join } from 'node:path';
import { createContext } from '../../harness/context.js';
import type { EventBodyAt, Finding, Target } from '../../harness/contract.js';
import { judgeStory, STORY_OPTIONS, STORY_TARGET } from '../../harness/story.js';
import { UNKNOWN_WORKLOAD } from '../../harness/worker-protocol.js';
import partialEvent from '../sse/partial-event.js';
import staleLastEventId from '../sse/stale-last-event-id.js';
import exactStreams from './exact-streams.js';

const CLIENT = join(__dirname, 'naive-client.test.rig.js');
/** Holds and returns are short; what is read in one piece is not. */
const SCALE = 0.1;

async function play(env: Readonly<Record<string, string>>): Promise<{ partial: Finding; stale: Finding }> {
  const { server: _, ...rest } = STORY_TARGET;
  const target: Target = {
    ...rest,
    protocol: 'sse',
    client: { command: `${process.execPath} ${CLIENT}`, pressureEnv: {} },
    resume: { in: 'header', name: 'Last-Event-ID', value: '{id}' },
    env,
  };
  const events: EventBodyAt[] = [];
  const began = Number(process.hrtime.bigint()) / 1e6;
  {
    await using context = createContext({
      scenario: 'exact-streams',
      target,
      options: { ...STORY_OPTIONS, scale: SCALE },
      workload: UNKNOWN_WORKLOAD,
      observerKey: 'key',
      engineUrl: 'http://127.0.0.1:1',
      signal: new AbortController().signal,
      emit: (event, atMs) => void events.push([atMs - began, event]),
    });
    await exactStreams.value.run(context);
  }
  const told = events.toSorted((a, b) => a[0] - b[0]);
  return {
    partial: judgeStory(partialEvent.value, told, target),
    stale: judgeStory(staleLastEventId.value, told, target),
  };
}

const FLAWS: readonly (readonly [flaw: string, partial: RegExp | undefined, stale: RegExp | undefined])[] = [
  ['keeps the mark', /^lost: a byte order mark first$/, undefined],
  ['decodes packets', /lost: characters in two packets/, undefined],
  ['splits CRLF', /^lost: CR and LF in two packets$/, undefined],
  ['knows no CR', /^lost: lines that end in CR$/, undefined],
  ['reads packets', /lost: one byte a packet/, /of the event that was cut/],
  ['has a limit', /^lost: an event of 1 MiB$/, undefined],
  ['delivers halves', /delivered an event that was cut before its blank line/, undefined],
  ['delivers at errors', /delivered an event that was cut between its data lines/, /of the event that was cut/],
  ['joins halves', /joined an event that was cut .* with the next one/, undefined],
  ['takes ids early', undefined, /^presented that of the event that was cut after an event that was cut/],
  ['keeps ids for ever', undefined, /^presented an older one after an empty id/],
  ['keeps ids for one stream', undefined, /^presented nothing after a stream that brought nothing/],
  ['takes a NUL', undefined, /^never came back after an id with a NUL in it/],
  ['ignores ids alone', undefined, /^presented an older one after a block with an id and no data/],
];

test.concurrent.each(['seq', 'id'])(
  'a client that reads as the standard says and tells events by their %s is fine',
  async (BY) => {
    expect(await play({ BY })).toMatchObject({ partial: { outcome: 'pass' }, stale: { outcome: 'pass' } });
  },
  60_000,
);

test.concurrent.each(FLAWS)(
  'a client that %s is told by what it does',
  async (FLAW, partial, stale) => {
    const found = await play({ FLAW });
    for (const [finding, flaw] of [
      [found.partial, partial],
      [found.stale, stale],
    ] as const) {
      if (flaw) expect(finding).toMatchObject({ outcome: 'fail', actual: expect.stringMatching(flaw) });
    }
    if (!partial) expect(found.partial.outcome).toBe('pass');
  },
  60_000,
);

test.concurrent('a client that tells events by their id shows what it keeps by the id of half an event', async () => {
  const { partial, stale } = await play({ FLAW: 'joins halves', BY: 'id' });
  expect(partial).toMatchObject({ outcome: 'fail', actual: expect.stringMatching(/delivered an event that was cut/) });
  expect(stale.outcome).not.toBe('inconclusive');
}, 120_000);
