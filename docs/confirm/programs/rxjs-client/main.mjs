// rxjs' webSocket() with retry() and repeat(), both without a delay: again at once after an error, and after an end.
import { repeat, retry } from 'rxjs';
import { webSocket } from 'rxjs/webSocket';
import WS from 'ws';

const subject = webSocket({ url: process.env.TARGET_URL, WebSocketCtor: WS });
subject.pipe(retry(), repeat()).subscribe({
  next: (message) => console.log('message received:', message),
  error: (error) => console.error(error),
  complete: () => console.log('complete'),
});
