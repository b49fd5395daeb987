/** Tricky: takes every request, tells strangers every second that they are to log in elsewhere, and ends their stream after 5 s. That is no refusal at once, which `auth-window` says; of the feed strangers get nothing. */
import { randomBytes } from 'node:crypto';
import { isMember } from '../../admission';
import { MIB } from '../../limits';
import type { TrickyMeta } from '../../program';
import { LOGIN, scaledMs } from '../../program';
import { deliverWithin, type Stream } from '../../sse-behaviour';
import { startServer } from '../../sse-server';

export const meta: TrickyMeta = {
  role: 'server',
  trick: 'takes strangers, and tells them to log in within 5 s',
  fine: ['sse/late-auth'],
  words: [...LOGIN, '--skip', 'sse/auth-window'],
};

const LOGIN_MS = 5_000;
const deliver = deliverWithin(MIB);

function welcome({ request, response }: Stream): void {
  if (isMember(request)) return;
  const say = () => {
    const nonce = randomBytes(8).toString('hex');
    response.write(`event: please-login\ndata: {"event":"please-login","nonce":"${nonce}"}\n\n`);
  };
  const saying = setInterval(say, scaledMs(1_000));
  const late = setTimeout(() => response.end(), scaledMs(LOGIN_MS));
  response.once('close', () => {
    clearInterval(saying);
    clearTimeout(late);
  });
}

if (require.main === module)
  startServer({
    welcome,
    admits: () => true,
    deliver: (text, to) =>
      deliver(
        text,
        [...to].filter(({ request }) => isMember(request)),
      ),
  });
