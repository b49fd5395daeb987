// websocket-ts as its README shows: ExponentialBackoff(1000, 6): 1 s doubled six times, no jitter.
// It needs a global WebSocket: that of `ws`.
import WS from 'ws';
import { ExponentialBackoff, WebsocketBuilder } from 'websocket-ts';

globalThis.WebSocket = WS;
new WebsocketBuilder(process.env.TARGET_URL)
  .withBackoff(new ExponentialBackoff(1000, 6))
  .onOpen(() => console.log('opened'))
  .onMessage((_, event) => console.log('message:', event.data))
  .onRetry(() => console.log('retry'))
  .build();
