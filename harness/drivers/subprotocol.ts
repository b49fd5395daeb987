import type { Adapter, Opening, Peer } from '../adapter.js';
import { after } from '../clock.js';
import type { Slot, Target } from '../contract.js';
import type { SessionOptions } from '../scenario.js';

/** A server may look a client's credential up. */
const LOGIN_MS = 10_000;

type Text = Extract<Slot, { readonly in: 'message' }>;

/** Makes our side of a session of a subprotocol; it is open once the server has let it in (`settle`), or else left. */
export function logIn(
  adapter: Adapter,
  session: {
    readonly options: SessionOptions;
    readonly target: Target;
    readonly opening: Opening;
    /** The declared first messages. */
    readonly texts: readonly Text[];
    readonly send: (message: string | Buffer) => void;
    readonly settle: () => void;
    readonly leave: (reason: string) => void;
  },
): { readonly peer: Peer; readonly giveUp: Disposable } {
  const { options, target, texts, settle, leave } = session;
  const login = texts.find((slot) => slot === target.auth || slot === target.badAuth);
  const giveUp = after(options.openTimeoutMs ?? LOGIN_MS, () => leave(`no answer to the login of ${adapter.id}`));
  const peer = adapter.join({
    opening: session.opening,
    send: session.send,
    name: options.name,
    ...(login === undefined ? {} : { login: login.text }),
    subscriptions: texts.filter((slot) => slot !== login).map(({ text }) => text),
    resumable: options.resumable ?? false,
    ...(options.cursor === undefined ? {} : { cursor: options.cursor }),
    beats: !options.deaf && !options.mute,
    onReady: (refusal) => {
      giveUp[Symbol.dispose]();
      if (refusal === undefined) settle();
      else leave(refusal);
    },
  });
  return { peer, giveUp };
}
