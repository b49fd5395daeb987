// centrifuge-js as its README shows, in Node with `ws`; the subscription comes from the server (see centrifuge-server).
// Full jitter between 0.5 s and 20 s, notices missing server pings, recovers from the last offset it saw.
import { Centrifuge } from 'centrifuge';
import WS from 'ws';

const centrifuge = new Centrifuge(process.env.TARGET_URL, { websocket: WS });
const say = (event) => console.log(JSON.stringify(event));
centrifuge.on('connected', () => say({ event: 'open' }));
centrifuge.on('connecting', () => say({ event: 'retry' }));
centrifuge.on('publication', (context) => say({ event: 'message', id: context.offset }));
centrifuge.connect();
