#!/usr/bin/env python3
"""sse_client.py OUT.json 'COMMAND' [PART,PART]: raw facts about one SSE client, by a server of raw sockets and the standard library
alone. The command finds the address in TARGET_URL. All parts run side by side, each on its own port with its own process.
--post PATH: a client of an LLM's API instead (OpenAI's shape, or Anthropic's where PATH has /messages)."""
import asyncio, json, os, signal, socket, statistics, struct, subprocess, sys, tempfile, time

now = time.monotonic
# No "Connection: close": with it the fetch of Node 20 takes a chunked body that is cut for a whole one.
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
HTML = b"<html><head><title>524</title></head><body><h1>A timeout occurred</h1></body></html>\n"


def chunk(text):
    data = text if isinstance(text, bytes) else text.encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


def delays(log):
    return [round(1000 * (b["start"] - a["end"])) for a, b in zip(log, log[1:]) if a["end"] is not None]


class Peer:
    """One port and one process of the client."""

    def __init__(self, path="/events"):
        self.mode, self.log, self.live, self.seq, self.path, self.extra = "open", [], set(), 482113000, path, None

    async def start(self, command):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, backlog=512)
        self.port = self.server.sockets[0].getsockname()[1]
        self.out = tempfile.TemporaryFile()
        env = {**os.environ, "TARGET_URL": f"http://127.0.0.1:{self.port}{self.path}", "PYTHONUNBUFFERED": "1"}
        self.proc = subprocess.Popen(["sh", "-c", "exec " + command], env=env, stdin=subprocess.DEVNULL, stdout=self.out, stderr=subprocess.STDOUT, start_new_session=True)
        return self

    def stop(self):
        try:
            os.killpg(self.proc.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.proc.wait()
        self.server.close()

    def printed(self):
        self.out.seek(0)
        return self.out.read().decode(errors="replace")

    async def serve(self, reader, writer):
        one = {"start": now(), "end": None, "by": None, "id": None, "head": None, "status": None, "mode": self.mode}
        self.log.append(one)
        try:
            if self.mode == "refuse":
                try:
                    await asyncio.wait_for(reader.read(1), 1)
                except asyncio.TimeoutError:
                    pass
                return self.end(one, writer, "RST")
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1")
            fields = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in head.split("\r\n")[1:])}
            one["head"], one["id"] = head.split("\r\n")[0], fields.get("last-event-id")
            one["fields"] = fields
            if "content-length" in fields:
                one["body"] = (await reader.readexactly(int(fields["content-length"]))).decode(errors="replace")
            mode = self.mode
            if mode == "hung":
                await reader.read()
                return self.end(one, writer, "client")
            if mode[:3].isdigit():
                more = "Retry-After: 20\r\n" if "+" in mode else ""
                more += f"Location: {self.extra}\r\n" if mode[:3] in ("301", "302", "307") else ""
                page = b"" if mode[:3] == "204" else HTML
                size = "" if mode[:3] == "204" else f"Content-Length: {len(page)}\r\n"
                writer.write(f"HTTP/1.1 {mode[:3]} Status\r\n{more}Content-Type: text/html\r\n{size}Connection: close\r\n\r\n".encode() + page)
                one["status"] = mode[:3]
                await writer.drain()
                return self.end(one, writer, "FIN")
            if mode == "wrong-type":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(HTML) + HTML)
                await writer.drain()
                return self.end(one, writer, "FIN")
            writer.write(HEAD)
            one["status"] = "200"
            if mode == "flap":
                writer.write(b"0\r\n\r\n")
                await writer.drain()
                return self.end(one, writer, "FIN")
            self.live.add(writer)
            writer.one = one
            push = asyncio.create_task(self.push(writer))
            try:
                await reader.read()
                self.end(one, writer, "client")
            finally:
                push.cancel()
        except (asyncio.IncompleteReadError, ConnectionError, OSError):
            self.end(one, writer, "client")
        finally:
            self.live.discard(writer)

    async def push(self, writer):
        try:
            while writer.one["end"] is None:
                if self.mode in ("open", "flow"):
                    self.seq += 1
                    writer.write(chunk(f"id: {self.seq}\ndata: " + json.dumps({"seq": self.seq}) + "\n\n"))
                await asyncio.sleep(0.2)
        except Exception:
            pass

    def end(self, one, writer, by):
        if one["end"] is not None:
            return
        one["end"], one["by"] = now(), by
        if by == "RST":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        else:
            writer.close()

    def cut(self, by, last=b""):
        for writer in list(self.live):
            if last:
                writer.write(last)
            self.end(writer.one, writer, by)

    async def wait(self, what, seconds):
        until = now() + seconds
        while now() < until and not what():
            await asyncio.sleep(0.02)
        return what()

    async def healthy(self, seconds=4):
        if not await self.wait(lambda: self.live, 30):
            raise RuntimeError("never connected: " + self.printed()[-400:])
        await asyncio.sleep(seconds)


async def returned(peer, count, seconds, at):
    back = await peer.wait(lambda: len(peer.log) > count and any(one["status"] == "200" for one in peer.log[count:]), seconds)
    good = next((one for one in peer.log[count:] if one["status"] == "200"), None)
    return {"back": bool(back), "ms": round(1000 * (good["start"] - at)) if good else None, "lastEventId": good["id"] if good else None, "request": good["head"] if good else None, "alive": peer.proc.poll() is None, "exit": peer.proc.poll()}


async def cut_part(command, by, last=b"", seconds=60):
    peer = await Peer().start(command)
    try:
        await peer.healthy()
        sent, count, at = str(peer.seq), len(peer.log), now()
        peer.cut(by, last)
        result = await returned(peer, count, seconds, at)
        return {**result, "lastSent": sent}
    finally:
        peer.stop()


async def after_part(command, mode, seconds, by="FIN"):
    """Healthy, cut, and then answered so on every attempt; open again in the end."""
    peer = await Peer().start(command)
    try:
        await peer.healthy()
        peer.mode = mode
        count, at = len(peer.log), now()
        peer.cut(by, b"0\r\n\r\n" if by == "FIN" else b"")
        await asyncio.sleep(seconds)
        attempts = [round(1000 * (one["start"] - at)) for one in peer.log[count:]]
        later, at = len(peer.log), now()
        peer.mode = "open"
        result = await returned(peer, later, max(30, 1.5 * max([b - a for a, b in zip(attempts, attempts[1:])] or [0]) / 1000), at)
        printed = peer.printed()
        return {"attemptsAtMs": attempts[:40], "attempts": len(attempts), "html": "timeout occurred" in printed, **result}
    finally:
        peer.stop()


async def first_part(command, mode, seconds):
    """Answered so from the beginning."""
    peer = Peer()
    peer.mode = mode
    await peer.start(command)
    try:
        await peer.wait(lambda: peer.log, 30)
        await asyncio.sleep(seconds)
        return {"attempts": len(peer.log), "delaysMs": delays(peer.log)[:40], "alive": peer.proc.poll() is None, "exit": peer.proc.poll(), "html": "timeout occurred" in peer.printed()}
    finally:
        peer.stop()


async def outage_part(command, copies=8, seconds=75):
    peers = [await Peer().start(command) for _ in range(copies)]
    try:
        for peer in peers:
            await peer.wait(lambda: peer.live, 30)
        await asyncio.sleep(4)
        at = now()
        for peer in peers:
            peer.mode, peer.mark = "refuse", len(peer.log)
            peer.cut("RST")
        await asyncio.sleep(seconds)
        table = []
        for peer in peers:
            log = [{"end": at, "start": at}] + peer.log[peer.mark:]
            table.append(delays(log))
        ratios = []
        for column in zip(*table):
            mean = statistics.mean(column)
            ratios.append({"meanMs": round(mean), "ratio": round(statistics.pstdev(column) / mean, 3) if mean else None})
        marks = [len(peer.log) for peer in peers]
        at = now()
        for peer in peers:
            peer.mode = "open"
        backs = await asyncio.gather(*(returned(peer, mark, 60, at) for peer, mark in zip(peers, marks)))
        starts = [one["start"] for peer in peers for one in peer.log[peer.mark:]]
        most = max((sum(1 for t in (o["start"] for o in peer.log[peer.mark:]) if s <= t < s + 10) for peer in peers for s in (o["start"] for o in peer.log[peer.mark:])), default=0)
        return {"delaysMs": table, "perAttempt": ratios[:20], "maxPer10s": most, "attempts": len(starts), "back": [b["back"] for b in backs], "alive": [b["alive"] for b in backs]}
    finally:
        for peer in peers:
            peer.stop()


async def kept_part(command):
    """An outage of 40 s, 30 s of health, and another: does the second begin at the base again?"""
    peer = await Peer().start(command)
    try:
        await peer.healthy()
        rounds = []
        for seconds in (40, 30):
            peer.mode, mark, at = "refuse", len(peer.log), now()
            peer.cut("RST")
            await asyncio.sleep(seconds)
            rounds.append(delays([{"start": at, "end": at}] + peer.log[mark:]))
            peer.mode = "open"
            if not await peer.wait(lambda: peer.live, 60):
                break
            await asyncio.sleep(30)
        return {"firstMs": rounds[0], "secondMs": rounds[1] if len(rounds) > 1 else None, "alive": peer.proc.poll() is None}
    finally:
        peer.stop()


async def frozen_part(command, seconds=100):
    peer = await Peer().start(command)
    try:
        await peer.healthy()
        peer.mode, count, at = "frozen", len(peer.log), now()
        came = await peer.wait(lambda: len(peer.log) > count, seconds)
        return {"noticed": bool(came), "ms": round(1000 * (peer.log[count]["start"] - at)) if came else None, "alive": peer.proc.poll() is None}
    finally:
        peer.stop()


async def dropped_part(command, seconds=100):
    """The packets of its connection are dropped, both ways: as root, in a network namespace of its own (unshare -n)."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    peer = await Peer().start(command)
    try:
        await peer.healthy()
        count, at = len(peer.log), now()
        for writer in peer.live:
            port = str(writer.get_extra_info("peername")[1])
            for way in ("--sport", "--dport"):
                subprocess.run(["iptables", "-A", "INPUT", "-p", "tcp", way, port, "-j", "DROP"], check=True)
        came = await peer.wait(lambda: len(peer.log) > count, seconds)
        return {"noticed": bool(came), "ms": round(1000 * (peer.log[count]["start"] - at)) if came else None, "alive": peer.proc.poll() is None}
    finally:
        peer.stop()


async def hung_part(command):
    peer = Peer()
    peer.mode = "hung"
    await peer.start(command)
    try:
        await peer.wait(lambda: len(peer.log) > 1, 75)
        return {"attempts": len(peer.log), "gaveUpMs": round(1000 * (peer.log[0]["end"] - peer.log[0]["start"])) if peer.log and peer.log[0]["end"] else None, "again": len(peer.log) > 1, "exit": peer.proc.poll()}
    finally:
        peer.stop()


async def retry_part(command, asked=8000):
    peer = await Peer().start(command)
    try:
        await peer.healthy(2)
        for writer in peer.live:
            writer.write(chunk(f"retry: {asked}\n\n"))
        await asyncio.sleep(2)
        count, at = len(peer.log), now()
        peer.cut("FIN", b"0\r\n\r\n")
        result = await returned(peer, count, 60, at)
        return {"askedMs": asked, "waitedMs": result["ms"], **result}
    finally:
        peer.stop()


async def half_part(command, last, needle):
    """Cut in the middle of an event."""
    peer = await Peer().start(command)
    try:
        await peer.healthy()
        peer.mode = "still"
        await asyncio.sleep(0.5)
        sent, count, at = str(peer.seq), len(peer.log), now()
        for writer in peer.live:
            writer.write(chunk(last))
        await asyncio.sleep(0.3)
        peer.mode = "open"
        peer.cut("FIN")
        result = await returned(peer, count, 60, at)
        await asyncio.sleep(1)
        return {"delivered": needle in peer.printed(), "lastSent": sent, **result}
    finally:
        peer.stop()


async def html_part(command):
    """A proxy gives up on the origin and puts its page into the stream."""
    peer = await Peer().start(command)
    try:
        await peer.healthy()
        peer.mode = "still"
        await asyncio.sleep(0.5)
        count, at = len(peer.log), now()
        for writer in peer.live:
            writer.write(chunk(HTML))
        peer.mode = "open"
        peer.cut("FIN", b"0\r\n\r\n")
        result = await returned(peer, count, 60, at)
        return {"html": "timeout occurred" in peer.printed(), **result}
    finally:
        peer.stop()


async def redirect_part(command):
    other = await Peer().start("sleep 1000")
    try:
        peer = Peer()
        peer.mode, peer.extra = "307", f"http://127.0.0.1:{other.port}/moved"
        await peer.start(command)
        try:
            came = await other.wait(lambda: other.live, 20)
            return {"followed": bool(came), "attempts": len(peer.log)}
        finally:
            peer.stop()
    finally:
        other.stop()


async def bad_part(command):
    """Empty, not JSON, HTML and invalid UTF-8 as data between good events."""
    peer = await Peer().start(command)
    try:
        await peer.healthy(2)
        for data in (b"data:\n\n", b"data: not json {\n\n", b"data: <html>x</html>\n\n", b"data: \xff\xfe\n\n", b": comment\n\n", b"unknown: field\n\n"):
            for writer in peer.live:
                writer.write(chunk(data))
            await asyncio.sleep(0.3)
        await asyncio.sleep(3)
        return {"alive": peer.proc.poll() is None, "connections": len(peer.log), "lastPrinted": str(peer.seq - 2) in peer.printed() or str(peer.seq) in peer.printed() or str(peer.seq - 1) in peer.printed()}
    finally:
        peer.stop()


PARTS = {
    "fin": lambda c: cut_part(c, "FIN"), "end": lambda c: cut_part(c, "FIN", b"0\r\n\r\n"), "rst": lambda c: cut_part(c, "RST"),
    "edge503": lambda c: after_part(c, "503", 20), "after204": lambda c: after_part(c, "204", 30), "after401": lambda c: after_part(c, "401", 30),
    "first401": lambda c: first_part(c, "401", 30), "first403": lambda c: first_part(c, "403", 30), "first503": lambda c: first_part(c, "503", 30),
    "retryAfter": lambda c: after_part(c, "503+", 45), "wrongType": lambda c: after_part(c, "wrong-type", 20), "flap": lambda c: after_part(c, "flap", 60),
    "outage": outage_part, "kept": kept_part, "frozen": frozen_part, "dropped": dropped_part, "hung": hung_part, "retry": retry_part, "html": html_part, "redirect": redirect_part, "bad": bad_part,
    "half": lambda c: half_part(c, 'data: {"seq":"HALFEVENT"', "HALFEVENT"), "halfWithId": lambda c: half_part(c, 'id: 999\ndata: {"seq":"HALFEVENT"}\n', "HALFEVENT"),
}


class Model(Peer):
    """Answers a POST with tokens, one each 100 ms."""

    def __init__(self, path, tokens, last):
        super().__init__(path)
        self.tokens, self.last = tokens, last

    async def push(self, writer):
        anthropic = "/messages" in self.path
        say = lambda kind, facts: writer.write(chunk(f"event: {kind}\ndata: " + json.dumps({"type": kind, **facts}) + "\n\n"))
        choice = lambda delta, finish: json.dumps({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
        try:
            if anthropic:
                say("message_start", {"message": {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "m", "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}})
                say("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}})
            for i in range(self.tokens):
                if anthropic:
                    say("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": f"tok{i} "}})
                else:
                    writer.write(chunk(f"data: {choice({'content': f'tok{i} '}, None)}\n\n"))
                await asyncio.sleep(0.1)
            if self.last == "whole":
                if anthropic:
                    say("content_block_stop", {"index": 0})
                    say("message_delta", {"delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 40}})
                    say("message_stop", {})
                else:
                    writer.write(chunk(f"data: {choice({}, 'stop')}\n\ndata: [DONE]\n\n"))
                writer.write(b"0\r\n\r\n")
                self.end(writer.one, writer, "FIN")
            elif self.last == "end":
                writer.write(b"0\r\n\r\n")
                self.end(writer.one, writer, "FIN")
            elif self.last == "error":
                if anthropic:
                    say("error", {"error": {"type": "overloaded_error", "message": "Overloaded"}})
                else:
                    writer.write(chunk('data: {"error":{"message":"The server had an error","type":"server_error","code":null}}\n\n'))
                writer.write(b"0\r\n\r\n")
                self.end(writer.one, writer, "FIN")
            elif self.last == "html":
                writer.write(chunk(HTML) + b"0\r\n\r\n")
                self.end(writer.one, writer, "FIN")
            elif self.last in ("FIN", "RST"):
                self.end(writer.one, writer, self.last)
        except Exception:
            pass


async def post_part(command, path, tokens, last, seconds):
    peer = Model(path, tokens, last)
    if last in ("503", "hung"):
        peer.mode = last
    await peer.start(command)
    try:
        begin = now()
        await peer.wait(lambda: peer.proc.poll() is not None, seconds)
        printed = peer.printed()
        posts = [round(1000 * (one["start"] - peer.log[0]["start"])) for one in peer.log]
        keys = [one.get("fields", {}).get("idempotency-key") for one in peer.log]
        return {"exit": peer.proc.poll(), "afterMs": round(1000 * (now() - begin)), "saidDone": "DONE" in printed, "tokens": printed.count("tok"), "postsAtMs": posts[:12], "idempotencyKeys": keys[:12], "head": peer.log[0]["head"] if peer.log else None, "printedEnd": printed[-300:]}
    finally:
        peer.stop()


async def main():
    args = sys.argv[1:]
    path = None
    if "--post" in args:
        at = args.index("--post")
        path = args[at + 1]
        del args[at : at + 2]
    out, command = args[0], args[1]
    parts = PARTS
    if path:
        parts = {last: (lambda c, last=last: post_part(c, path, 15, last, 100 if last in ("stall", "hung") else 80)) for last in ("whole", "FIN", "RST", "end", "error", "html", "stall", "503", "hung")}
    names = args[2].split(",") if len(args) > 2 else [name for name in parts if name != "dropped"]
    results = await asyncio.gather(*(parts[name](command) for name in names), return_exceptions=True)
    facts = {name: result if isinstance(result, dict) else {"error": repr(result)} for name, result in zip(names, results)}
    old = json.load(open(out)) if os.path.exists(out) else {}
    json.dump({**old, **facts}, open(out, "w"), indent=1)


asyncio.run(main())
