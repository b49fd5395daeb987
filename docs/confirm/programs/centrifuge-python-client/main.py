# The client of centrifuge-python's README with its default options; the subscription comes from the server.
import asyncio
import json
import os

from centrifuge import Client, ClientEventHandler


class Handler(ClientEventHandler):
    async def on_connected(self, ctx):
        print(json.dumps({"event": "open"}), flush=True)

    async def on_connecting(self, ctx):
        print(json.dumps({"event": "retry"}), flush=True)

    async def on_publication(self, ctx):
        print(json.dumps({"event": "message", "id": ctx.pub.offset}), flush=True)


async def main():
    client = Client(os.environ["TARGET_URL"], events=Handler())
    await client.connect()
    await asyncio.Future()


asyncio.run(main())
