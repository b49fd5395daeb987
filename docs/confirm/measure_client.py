#!/usr/bin/env python3
"""Raw facts about one WebSocket client, by a server of raw sockets and the standard library alone. Knows nothing of Holdfast's code.

    measure_client.py NAME --lab DIR --out raw [--only fin,rst,restart,edge,freeze,outage,drop]

The server takes any path and the first subprotocol, pings every 15 s and sends {"seq": N} every 200 ms; for two clients it speaks as
much of their protocol (centrifuge, socket.io) as holds a session. All scenarios run side by side, each on its own port with its own
process; the outage on eight. `drop` wants root in a network namespace of its own (iptables).
"""
import argparse, asyncio, base64, fcntl, hashlib, json, os, shlex, signal, socket, statistics, struct, subprocess, time

HERE = os.path.dirname(os.path.abspath(__file__))
HEALTHY, OUTAGE, WATCH = 6, 75, 100
now = time.monotonic


def frame(payload, op=1):
    n = len(payload)
    head = bytes([128 | op]) + (bytes([n]) if n < 126 else bytes([126]) + struct.pack(">H", n))
    return head + payload


def timer_of(client_port, server_port):
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in open(path).read().splitlines()[1:]:
            f = line.split()
            if (int(f[1].rsplit(":")[-1], 16), int(f[2].rsplit(":")[-1], 16)) == (client_port, server_port):
                return {"state": int(f[3], 16), "timer": int(f[5].split(":")[0], 16)}
    return None


class Connection:
    def __init__(self, peer, reader, writer):
        self.peer, self.reader, self.writer = peer, reader, writer
        self.start, self.end, self.open, self.frozen, self.by = now(), None, None, False, None
        self.port = writer.get_extra_info("peername")[1]
        self.got, self.said, self.request = 0, [], ""

    def finish(self, by):
        if self.end is None:
            self.end, self.by = now(), by

    def rst(self):
        self.finish("us")
        sock = self.writer.get_extra_info("socket")
        if sock is not None:
            try:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                pass
        self.writer.transport.abort()

    def fin(self):
        self.finish("us")
        self.writer.close()

    async def serve(self):
        try:
            if self.peer.mode == "refuse":
                try:
                    await asyncio.wait_for(self.reader.read(1), 1)
                except asyncio.TimeoutError:
                    pass
                return self.rst()
            head = await self.reader.readuntil(b"\r\n\r\n")
            self.request = head.split(b"\r\n")[0].decode("latin1")
            if self.peer.mode == "503":
                page = b"<html>503 Service Unavailable</html>"
                self.writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(page) + page)
                await self.writer.drain()
                return self.fin()
            fields = {k.strip().lower(): v.strip() for k, _, v in (l.partition(":") for l in head.decode("latin1").split("\r\n")[1:])}
            accept = base64.b64encode(hashlib.sha1((fields["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
            answer = f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n"
            if fields.get("sec-websocket-protocol"):
                answer += f"Sec-WebSocket-Protocol: {fields['sec-websocket-protocol'].split(',')[0].strip()}\r\n"
            self.writer.write((answer + "\r\n").encode())
            self.open = now()
            if self.peer.dialect == "socketio":
                self.writer.write(frame(b'0{"sid":"s1","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'))
            self.ready = self.peer.dialect == "plain"
            beat = asyncio.create_task(self.beat())
            try:
                await self.read()
            finally:
                beat.cancel()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError, OSError):
            self.finish("client")
        finally:
            if self.end is None:
                self.finish("client")
                self.writer.close()

    async def beat(self):
        last = now()
        try:
            while self.end is None:
                await asyncio.sleep(0.2)
                if self.frozen or not self.ready or self.end is not None:
                    continue
                self.peer.seq += 1
                n = self.peer.seq
                dialect = self.peer.dialect
                self.writer.write(frame(json.dumps(
                    {"seq": n} if dialect == "plain" else {"push": {"channel": "ticks", "pub": {"data": {"tick": n}, "offset": n}}}).encode()
                    if dialect != "socketio" else f'42["tick",{{"tick":{n}}},"o{n}"]'.encode()))
                if now() - last > (15 if dialect == "plain" else 25):
                    last = now()
                    self.writer.write({"plain": frame(b"beat", 9), "centrifuge": frame(b"{}"), "socketio": frame(b"2")}[dialect])
        except (ConnectionError, OSError):
            pass

    async def read(self):
        while True:
            two = await self.reader.readexactly(2)
            op, n = two[0] & 15, two[1] & 127
            if n == 126:
                n = struct.unpack(">H", await self.reader.readexactly(2))[0]
            elif n == 127:
                n = struct.unpack(">Q", await self.reader.readexactly(8))[0]
            key = await self.reader.readexactly(4) if two[1] & 128 else b"\0" * 4
            data = bytes(b ^ key[i & 3] for i, b in enumerate(await self.reader.readexactly(n)))
            self.got += 1
            if self.frozen:
                self.said.append([round(now() - self.frozen, 1), op])
                continue
            if op == 1 and len(self.said) < 3:
                self.said.append(data.decode("utf8", "replace")[:200])
            if op == 9:
                self.writer.write(frame(data, 10))
            elif op == 8:
                self.writer.write(frame(data[:2], 8))
            elif op == 1 and self.peer.dialect == "centrifuge":
                for line in data.split(b"\n"):
                    command = json.loads(line or b"{}")
                    if "connect" in command:
                        self.writer.write(frame(json.dumps({"id": command["id"], "connect": {"client": "c1", "version": "0", "ping": 25, "pong": True,
                            "subs": {"ticks": {"recoverable": True, "positioned": True, "epoch": "e", "offset": self.peer.seq}}}}).encode()))
                        self.ready = True
            elif op == 1 and self.peer.dialect == "socketio" and data.startswith(b"40"):
                self.writer.write(frame(b'40{"sid":"s2","pid":"p1"}'))
                self.ready = True


class Peer:
    """One port, one client process."""

    def __init__(self, entry, lab):
        self.entry, self.lab = entry, lab
        self.dialect = entry.get("measure", {}).get("dialect", "plain")
        self.mode, self.all, self.seq, self.server, self.port = "serve", [], 100000000, None, 0

    async def accept(self, reader, writer):
        connection = Connection(self, reader, writer)
        self.all.append(connection)
        await connection.serve()

    async def listen(self):
        self.server = await asyncio.start_server(self.accept, "127.0.0.1", self.port, reuse_address=True)
        self.port = self.server.sockets[0].getsockname()[1]

    def run(self):
        url = f"ws://127.0.0.1:{self.port}/"
        command = self.entry["command"].replace("{dir}", os.path.join(self.lab, self.entry["name"])).replace("{url}", url)
        self.proc = subprocess.Popen(shlex.split(command), env={**os.environ, "TARGET_URL": url, "PYTHONUNBUFFERED": "1"}, stdin=subprocess.PIPE,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    async def start(self):
        await self.listen()
        self.run()
        end = now() + 30
        while not any(c.open for c in self.all):
            await asyncio.sleep(0.05)
            if now() > end:
                return False
        await asyncio.sleep(HEALTHY)
        return self.live() is not None

    def live(self):
        return next((c for c in reversed(self.all) if c.open and c.end is None), None)

    def stop(self):
        try:
            os.killpg(self.proc.pid, signal.SIGKILL)              # its own session: it and its children, nobody else
        except OSError:
            pass
        self.proc.wait()
        for c in self.all:
            if c.end is None:
                c.rst()
        self.server.close()

    async def back(self, since, seconds):
        """ms from `since` to the next session that opens, or None."""
        while now() - since < seconds:
            opened = [c for c in self.all if c.open and c.open > since]
            if opened:
                return round((opened[0].open - since) * 1000)
            await asyncio.sleep(0.02)
        return None

    def attempts(self, since):
        """Bursts [start, end] of connections after `since`."""
        bursts = []
        for c in sorted((c for c in self.all if c.start > since), key=lambda c: c.start):
            end = c.end or now()
            if bursts and (c.start < bursts[-1][1] or c.start - bursts[-1][0] < 0.1):
                bursts[-1][1] = max(bursts[-1][1], end)
            else:
                bursts.append([c.start, end])
        return bursts


async def cut(peer, kind):
    if not await peer.start():
        return {"error": "no session held", "connections": len(peer.all), "exit": peer.proc.poll()}
    victim, at, first = peer.live(), now(), len(peer.all)
    last = peer.seq
    if kind == "fin":
        victim.fin()
    elif kind == "rst":
        victim.rst()
    elif kind == "restart":
        victim.writer.write(frame(struct.pack(">H", 1001) + b"going away", 8))
        peer.server.close()
        await asyncio.sleep(0.3)
        victim.fin()
        await asyncio.sleep(4)
        at = now()
        await peer.listen()
    elif kind == "edge":
        peer.mode = "503"
        victim.rst()
        await asyncio.sleep(20)
        at = now()
        peer.mode = "serve"
    ms = await peer.back(at, 75)
    await asyncio.sleep(1)
    later = [c for c in peer.all[first:] if c.open]
    return {"reconnectMs": ms, "attemptsBefore": len([c for c in peer.all[first:] if not c.open]), "exit": peer.proc.poll(),
            "lastSent": last, "nextRequest": later[0].request if later else None, "nextSaid": later[0].said if later else None}


async def freeze(peer):
    if not await peer.start():
        return {"error": "no session held"}
    victim, at, first = peer.live(), now(), len(peer.all)
    victim.said, victim.frozen = [], at
    await asyncio.sleep(2)
    timer = timer_of(victim.port, peer.port)
    while now() - at < WATCH and victim.end is None and len(peer.all) == first:
        await asyncio.sleep(0.05)
    detected = round((now() - at) * 1000) if victim.end is not None or len(peer.all) > first else None
    back = await peer.back(at, max(1, WATCH - (now() - at))) if detected else None
    return {"detectMs": detected, "backMs": back, "keepaliveTimer": bool(timer and timer["timer"] == 2), "timer": timer, "saidWhileFrozen": victim.said[:20], "exit": peer.proc.poll()}


async def drop(peer):
    """As freeze, but the packets of the connection vanish both ways, so that no ACK comes back either."""
    if not await peer.start():
        return {"error": "no session held"}
    victim, at, first = peer.live(), now(), len(peer.all)
    victim.frozen = at
    for flag in ("--sport", "--dport"):
        subprocess.run(["iptables", "-A", "INPUT", "-p", "tcp", flag, str(victim.port), "-j", "DROP"], check=True)
    while now() - at < 200 and len(peer.all) == first:
        row = timer_of(victim.port, peer.port)
        if row is None or row["state"] != 1:
            break
        await asyncio.sleep(0.1)
    else:
        if len(peer.all) == first:
            return {"detectMs": None, "watchedMs": 200000}
    detected = round((now() - at) * 1000)
    return {"detectMs": detected, "backMs": await peer.back(at, 200), "watchedMs": 200000, "exit": peer.proc.poll()}


async def outage(peers):
    held = await asyncio.gather(*(p.start() for p in peers))
    if not all(held):
        return {"error": "no session held", "held": held}
    at = now()
    for p in peers:
        p.mode = "refuse"
        p.live().rst()
    # The loop's own lateness, so that a starved run is seen.
    late = [0]

    async def watch():
        while True:
            t = now()
            await asyncio.sleep(0.01)
            late.append(now() - t - 0.01)
    watcher = asyncio.create_task(watch())
    await asyncio.sleep(OUTAGE)
    watcher.cancel()
    bursts = [p.attempts(at) for p in peers]
    over = now()
    for p in peers:
        p.mode = "serve"
    delays = []
    for b in bursts:
        edges = [at] + [end for _, end in b]
        delays.append([round((start - edges[i]) * 1000) for i, (start, _) in enumerate(b)])
    n = min(len(d) for d in delays)
    per = [[d[i] for d in delays] for i in range(min(n, 12))]
    backs = await asyncio.gather(*(p.back(over, 60) for p in peers))
    most = 0
    for b in bursts:
        starts = [s for s, _ in b]
        j = 0
        for i in range(len(starts)):
            while starts[i] - starts[j] > 10:
                j += 1
            most = max(most, i - j + 1)
    return {"attemptsPerProcess": [len(b) for b in bursts], "delaysMs": [d[:12] for d in delays],
            "meanMs": [round(statistics.mean(x)) for x in per],
            "variation": [round(statistics.pstdev(x) / statistics.mean(x), 4) if statistics.mean(x) else None for x in per],
            "maxAttemptsPer10s": most, "rawConnections": [len([c for c in p.all if c.start > at and c.start < over]) for p in peers],
            "backMs": backs, "exits": [p.proc.poll() for p in peers], "loopLateMaxMs": round(max(late) * 1000, 1)}


async def measure(entry, lab, only):
    peers, jobs = [], {}

    def peer():
        peers.append(Peer(entry, lab))
        return peers[-1]
    for what in only:
        if what == "outage":
            jobs[what] = outage([peer() for _ in range(8)])
        elif what == "freeze":
            jobs[what] = freeze(peer())
        elif what == "drop":
            jobs[what] = drop(peer())
        else:
            jobs[what] = cut(peer(), what)
    facts = dict(zip(jobs, await asyncio.gather(*jobs.values(), return_exceptions=True)))
    for p in peers:
        p.stop()
    return {k: {"error": repr(v)} if isinstance(v, BaseException) else v for k, v in facts.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name"); parser.add_argument("--lab", default="/tmp/lab"); parser.add_argument("--out", default=os.path.join(HERE, "raw"))
    parser.add_argument("--only", default="fin,rst,restart,edge,freeze,outage")
    options = parser.parse_args()
    entry = next(e for e in json.load(open(os.path.join(HERE, "programs.json"))) if e["name"] == options.name)
    facts = asyncio.run(measure(entry, options.lab, options.only.split(",")))
    os.makedirs(options.out, exist_ok=True)
    path = os.path.join(options.out, f"{options.name}.json")
    with open(f"/tmp/lab-{options.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = json.load(open(path)) if os.path.exists(path) else {}
        with open(path, "w") as file:
            json.dump({**known, **facts}, file, indent=1)
    for k, v in facts.items():
        print(options.name, k, json.dumps(v)[:700], flush=True)


main()
