// reconnecting-websocket as its README shows for Node ("Usage", option WebSocket), with its default options:
// the first delay is drawn once from 1-5 s, grows by 1.3, is capped at 10 s.
import reconnecting from 'reconnecting-websocket';
import WS from 'ws';

const ReconnectingWebSocket = reconnecting.default ?? reconnecting;
const ws = new ReconnectingWebSocket(process.env.TARGET_URL, [], { WebSocket: WS });
ws.addEventListener('open', () => ws.send('hello!'));
ws.addEventListener('message', (event) => console.log('received: %s', event.data));
