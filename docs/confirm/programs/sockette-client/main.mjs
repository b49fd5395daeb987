// sockette's README, "Usage", with its default timeout of 1 s. It needs a global WebSocket: that of `ws`.
import Sockette from 'sockette';
import WS from 'ws';

globalThis.WebSocket = WS;
const ws = new Sockette(process.env.TARGET_URL, {
  onopen: () => { console.log('Connected!'); ws.send('Hello, world!'); },
  onmessage: (event) => console.log('Received:', event.data),
  onreconnect: () => console.log('Reconnecting...'),
  onclose: (event) => console.log('Closed!', event.code),
  onerror: (event) => console.log('Error:', event.message),
});
