import type { EventBody } from '../contract.js';
import { isSent } from '../event-limit.js';

/** Beyond so many messages only ends are recorded: a session may last for days. */
const MOST_MESSAGES = 200_000;
/** The same of frames, reports, trailers and what cannot be decoded. */
const MOST_OTHERS = 200_000;

/** What peers send is recorded up to a number, on disk too; connections and what hands do always are. */
export class SentLimit {
  private messages = 0;
  private others = 0;

  /** What to record in place of an event: itself, nothing, or the word that no more are recorded. */
  take(event: EventBody): readonly EventBody[] {
    const spared =
      event.type === 'message' ? event.opcode === 'close' : event.type === 'frame' && event.frame === 'GOAWAY';
    if (spared || !isSent(event.type)) return [event];
    const isMessage = event.type === 'message';
    const count = isMessage ? ++this.messages : ++this.others;
    const most = isMessage ? MOST_MESSAGES : MOST_OTHERS;
    if (count <= most) return [event];
    const what = isMessage ? 'messages' : 'frames and reports';
    const text = `after ${most.toLocaleString('en')} ${what} only ends are recorded`;
    return count === most + 1 ? [{ type: 'obstacle', code: 'MESSAGES_LEFT_OUT', text }] : [];
  }
}
