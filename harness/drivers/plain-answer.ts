const SOCKJS_INFO = JSON.stringify({ websocket: true, origins: ['*:*'], cookie_needed: false, entropy: 1 });

/** What our servers say to a request for anything but a session: some look for a page, or ask where to go, first. */
export function plainAnswer(url: string): { readonly type: string; readonly body: string } {
  // What sockjs-client asks first.
  if (/\/info(\?|$)/.test(url)) return { type: 'application/json', body: SOCKJS_INFO };
  return { type: 'text/plain', body: 'holdfast reference server\n' };
}
