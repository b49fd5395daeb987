# The client of python-socketio's documentation with its default options (reconnection on), over WebSocket alone.
# It knows nothing of connection state recovery: it comes back as a new session.
import json
import os

import socketio

sio = socketio.Client()


def say(**event):
    print(json.dumps(event), flush=True)


@sio.event
def connect():
    say(event="open")


@sio.event
def disconnect(reason):
    say(event="close")


@sio.on("tick")
def on_tick(data, *offset):
    say(event="message", id=data["tick"])


url = os.environ["TARGET_URL"].replace("ws://", "http://")
sio.connect(url, transports=["websocket"])
sio.wait()
