# The long-lived client of websocket-client's documentation, with run_forever(reconnect=5).
import os

import websocket


def on_message(ws, message):
    print("received:", message)


def on_error(ws, error):
    print("error:", error)


def on_close(ws, code, reason):
    print("closed:", code, reason)


app = websocket.WebSocketApp(
    os.environ["TARGET_URL"],
    on_message=on_message,
    on_error=on_error,
    on_close=on_close,
)
app.run_forever(reconnect=5)
