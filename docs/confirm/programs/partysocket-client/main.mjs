// partysocket's README, "Simple usage", with the WebSocket of `ws` for Node and the default options.
import { WebSocket } from 'partysocket';
import WS from 'ws';

const ws = new WebSocket(process.env.TARGET_URL, [], { WebSocket: WS });
ws.addEventListener('open', () => ws.send('hello!'));
ws.addEventListener('message', (event) => console.log('received: %s', event.data));
