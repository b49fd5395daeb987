/** What an SSE client may do well or badly, one word each. A flawed client is the resilient one with one of them changed. */
import type { IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import { isEventStream } from './event-source';
import { Inbox } from './inbox';
import { report } from './program';
import { askedMs } from './retry-after';

/** How the last attempt ended: the status of its answer, and whether the server ended the stream in good order. */
export interface Why {
  readonly status: number | undefined;
  readonly whole: boolean;
}

export interface Behaviour {
  /** The least delay before the next attempt after so many failures in a row; null gives up. */
  readonly leastMs: (failures: number, why: Why) => number | null;
  /** What comes on top of it, or of what the server asks for. */
  readonly jitterMs: (failures: number, why: Why) => number;
  /** How long a stream must last for the failures before it to be forgotten. */
  readonly stableMs: number;
  /** What it makes of `retry:`, in real milliseconds: they are the server's own. */
  readonly heedsMs: (retryMs: number) => number;
  /** What a refusing server asks for, in real milliseconds. */
  readonly askedMs: (status: number | undefined, retryAfter: string | undefined) => number;
  /** After this answer it never comes back. */
  readonly stops: (status: number | undefined) => boolean;
  /** What it says to have seen last, given what it has; empty says nothing. */
  readonly presents: (lastEventId: string) => string;
  /** Which answers are streams. */
  readonly accepts: (response: IncomingMessage) => boolean;
  /** How long the head of the answer may take. Null waits for ever. */
  readonly answerMs: number | null;
  /** Silence after which the link is taken for dead (servers beat every 15 s); null never looks. */
  readonly silenceMs: number | null;
  readonly connection: (url: URL) => RequestOptions;
  readonly onError: (error: NodeJS.ErrnoException) => void;
  /** A line that is no field of an event; `cut` leaves the stream. */
  readonly stray: (line: string, cut: () => void) => void;
  /** An event whose data is no message of ours. */
  readonly misunderstood: (data: string) => void;
  /** Takes half an event at a stream's end for a whole one. */
  readonly takesHalves: boolean;
  readonly inbox: Inbox;
}

const ceilingMs = (failures: number) => Math.min(30_000, 2_500 * 2 ** failures);

export const resilient: Behaviour = {
  leastMs: (failures) => 0.2 * ceilingMs(failures),
  jitterMs: (failures) => 0.8 * ceilingMs(failures) * Math.random(),
  stableMs: 5_000,
  heedsMs: (retryMs) => Math.min(120_000, retryMs),
  askedMs,
  stops: (status) => status === 204,
  presents: (lastEventId) => lastEventId,
  accepts: isEventStream,
  answerMs: 8_000,
  silenceMs: 45_000,
  connection: () => ({}),
  onError: (error) => report('error', { data: error.message }),
  // A page in mid-stream: what follows it is not the server's.
  stray: (line, cut) => line.trimStart().startsWith('<') && cut(),
  misunderstood: () => report('error', { data: 'not a message of ours' }),
  takesHalves: false,
  inbox: new Inbox(),
};
