/** What a reader of tokens may do well or badly, one word each. A flawed one is the resilient one with one of them changed. */
import { report } from './program';

export interface Behaviour {
  /** Nothing is missing once this event's data has come. */
  readonly isFinal: (data: string) => boolean;
  /** Where the body, or its connection, ended without. */
  readonly takesAnyEnd: boolean;
  /** How long nothing at all may come, comments included; null waits on. */
  readonly silenceMs: number | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly question: () => string;
  readonly onToken: (token: string) => void;
  readonly onWhole: (again: () => void) => void;
  readonly onCut: (why: string, again: () => void) => void;
}

export const resilient: Behaviour = {
  // "the stream terminated by a `data: [DONE]` message" [OpenAI API reference]
  isFinal: (data) => data === '[DONE]',
  takesAnyEnd: false,
  silenceMs: 45_000,
  headers: {},
  question: () => 'What is a heartbeat for?',
  onToken: (token) => report('message', { data: token }),
  onWhole: () => {
    report('done');
    process.exitCode = 0;
  },
  // What was shown of it stays, marked as what it is; to ask again, and to pay again, is for the user to decide.
  onCut: (why) => {
    report('error', { data: `the answer is incomplete: ${why}` });
    process.exitCode = 1;
  },
};
