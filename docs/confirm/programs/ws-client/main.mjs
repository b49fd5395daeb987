// The client of the `ws` package's README ("Sending and receiving text data"). When the connection ends, so does it.
import WebSocket from 'ws';

const ws = new WebSocket(process.env.TARGET_URL);
ws.on('error', console.error);
ws.on('open', () => ws.send('something'));
ws.on('message', (data) => console.log('received: %s', data));
