#!/usr/bin/env python3
"""sse_server.py OUT.json PATH 'COMMAND' [PART,PART]: raw facts about one SSE server, by raw sockets and the standard library alone.
The command takes PORT, QUIET=1 (sends nothing by itself) and PRESSURE=1 (about 4 MB/s to each). All parts but `pressure` run side by
side, each on its own port with its own process. `frozen` drops packets: as root, in a network namespace of its own (unshare -n)."""
import asyncio, json, os, random, re, signal, socket, struct, subprocess, sys, time

now = time.monotonic
EVIL = "Origin: https://evil.example\r\nCookie: session=1\r\n"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def family(pid):
    out, todo = [], [pid]
    while todo:
        one = todo.pop()
        out.append(one)
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                todo += [int(child) for child in open(f"/proc/{one}/task/{task}/children").read().split()]
        except OSError:
            pass
    return out


def descriptors(pid):
    count = 0
    for one in family(pid):
        try:
            count += len(os.listdir(f"/proc/{one}/fd"))
        except OSError:
            pass
    return count


def rss(pid):
    total = 0
    for one in family(pid):
        try:
            total += int(open(f"/proc/{one}/statm").read().split()[1]) * 4096
        except OSError:
            pass
    return total


def listener(port):
    out = subprocess.run(["ss", "-ltnpH", f"sport = :{port}"], capture_output=True, text=True).stdout
    found = re.search(r"pid=(\d+)", out)
    return int(found.group(1)) if found else None


class Stream:
    """One GET, its head, and what came, with times: the body's events as blocks."""

    def __init__(self, port, path, more=""):
        self.port, self.path, self.more = port, path, more
        self.status, self.fields, self.blocks, self.bytes, self.ended, self.how, self.last = None, {}, [], 0, None, None, False
        self.lastData, self.arrivals, self.tail = None, [], b""

    async def open(self, timeout=10):
        try:
            self.reader, self.writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self.port, limit=2**24), timeout)
            self.writer.write(f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAccept: text/event-stream\r\n{self.more}\r\n".encode())
            self.asked = now()
            self.task = asyncio.create_task(self.read())
        except (OSError, asyncio.TimeoutError) as error:
            self.status = type(error).__name__
        return self

    async def head(self, seconds=10):
        until = now() + seconds
        while now() < until and self.status is None and self.ended is None:
            await asyncio.sleep(0.02)
        return self.status

    async def read(self):
        try:
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin1").split("\r\n")
            self.status = int(head[0].split()[1])
            for line in head[1:]:
                if ":" in line:
                    self.fields[line.split(":")[0].lower()] = line.split(":", 1)[1].strip()
            self.headMs = round(1000 * (now() - self.asked))
            rest = b""
            while True:
                if self.fields.get("transfer-encoding", "").lower() == "chunked":
                    size = int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16)
                    data = await self.reader.readexactly(size + 2)
                    if size == 0:
                        self.last = True
                        break
                    data = data[:-2]
                else:
                    data = await self.reader.read(65536)
                    if not data:
                        break
                self.bytes += len(data)
                self.arrivals.append((now(), len(data)))
                self.tail = (self.tail + data)[-200:]
                rest = (rest + data).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
                *whole, rest = rest.split(b"\n\n")
                for block in whole:
                    lines = block.decode(errors="replace").split("\n")
                    self.blocks.append((now(), {k: v.removeprefix(" ") for k, _, v in (line.partition(":") for line in lines if line and not line.startswith(":"))}, [line for line in lines if line.startswith(":")]))
            more = await self.reader.read(1)
            self.how = "FIN" if not more else "more"
        except asyncio.IncompleteReadError:
            self.how = "FIN"
        except ConnectionError:
            self.how = "RST"
        except Exception as error:
            self.how = repr(error)
        self.ended = now()

    def events(self):
        return [fields for _, fields, _ in self.blocks if "data" in fields]

    def leave(self, how="FIN"):
        if how == "RST":
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.writer.transport.abort()
        else:
            self.writer.close()


class Server:
    def __init__(self, command, path, **env):
        self.command, self.path, self.env = command, path, env

    async def __aenter__(self):
        self.port = free_port()
        env = {**os.environ, "PORT": str(self.port), "HOST": "127.0.0.1", "PYTHONUNBUFFERED": "1", **self.env}
        self.proc = subprocess.Popen(["sh", "-c", "exec " + self.command.replace("{port}", str(self.port))], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        until = now() + 60
        while now() < until:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return self
            except OSError:
                await asyncio.sleep(0.1)
        raise RuntimeError("never ready")

    async def __aexit__(self, *_):
        try:
            os.killpg(self.proc.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.proc.wait()

    async def open(self, more=""):
        return await Stream(self.port, self.path, more).open()


async def heads(command, path):
    async with Server(command, path) as server:
        plain, evil, packed = await server.open(), await server.open(EVIL), await server.open("Accept-Encoding: gzip, br\r\n")
        await asyncio.gather(*(one.head() for one in (plain, evil, packed)))
        await asyncio.sleep(12)
        gaps = [round(1000 * (b[0] - a[0])) for a, b in zip(plain.arrivals, plain.arrivals[1:])]
        cors = {k: v for k, v in evil.fields.items() if k.startswith("access-control")}
        return {"status": plain.status, "headMs": getattr(plain, "headMs", None), "headers": plain.fields, "evilCors": cors, "gzip": packed.fields.get("content-encoding"), "gzipBytes": packed.bytes, "events": len(plain.events()), "firstBlocks": [[f, c] for _, f, c in plain.blocks[:4]], "gapsMs": gaps[:20]}


async def ids(command, path):
    async with Server(command, path) as server:
        one, two = await server.open(), await server.open()
        await asyncio.sleep(8)
        three = await server.open()
        await asyncio.sleep(4)
        key = lambda stream: {f.get("id"): f["data"] for f in stream.events() if f.get("id")}
        a, b, c = key(one), key(two), key(three)
        shared = [i for i in a if i in b]
        with_id = [f for f in one.events() if f.get("id")]
        last = with_id[len(with_id) // 3]["id"] if with_id else None
        result = {"events": len(one.events()), "withId": len(with_id), "sample": [f.get("id") for f in one.events()[:3]], "sharedIds": len(shared), "sharedSameData": sum(a[i] == b[i] for i in shared), "thirdStartsAt": next(iter(c), None), "firstHas": list(a)[-3:], "uniqueIds": len(set(f["id"] for f in with_id)) == len(with_id), "retry": next((f["retry"] for _, f, _ in one.blocks if "retry" in f), None)}
        if last:
            one.leave()
            back, unknown = await server.open(f"Last-Event-ID: {last}\r\n"), await server.open("Last-Event-ID: no-such-id-0000\r\n")
            await asyncio.sleep(3)
            result["presented"] = last
            result["cameBackWith"] = [f.get("id") for f in back.events()][:40]
            result["unknownGot"] = [unknown.status, [f.get("id") for f in unknown.events()][:5], [f.get("event") for f in unknown.events()][:5]]
        return result


async def retries(command, path):
    async with Server(command, path) as server:
        streams = [await server.open() for _ in range(8)]
        await asyncio.sleep(4)
        return {"retry": [next((f["retry"] for _, f, _ in one.blocks if "retry" in f), None) for one in streams]}


async def idle(command, path, seconds=75):
    async with Server(command, path, QUIET="1") as server:
        one = await server.open()
        await asyncio.sleep(seconds)
        times = [one.asked, *(at for at, _ in one.arrivals), min(now(), one.ended or now())]
        return {"status": one.status, "headMs": getattr(one, "headMs", None), "longestSilenceS": round(max(b - a for a, b in zip(times, times[1:])), 1), "atS": [round(at - one.asked, 1) for at, _ in one.arrivals][:20], "blocks": [[f, c] for _, f, c in one.blocks[:6]], "ended": one.how}


async def shutdown(command, path, quiet=False):
    async with Server(command, path, **({"QUIET": "1"} if quiet else {})) as server:
        streams = [await server.open() for _ in range(5)]
        await asyncio.sleep(4)
        await streams[0].head()
        statuses = [one.status for one in streams]
        pid = listener(server.port) or server.proc.pid
        at, before = now(), [one.bytes for one in streams]
        os.kill(pid, signal.SIGTERM)
        late, port_gone, exited = [], None, None
        while now() - at < 66:
            await asyncio.sleep(0.25)
            if exited is None and server.proc.poll() is not None:
                exited = now() - at
            if port_gone is None and listener(server.port) is None:
                port_gone = now() - at
            if len(late) < 6 and exited is None:
                new = await server.open()
                status = await new.head(1)
                await asyncio.sleep(0.3)
                late.append([round(now() - at, 1), status, len(new.blocks), new.how])
            if exited is not None and all(one.ended for one in streams):
                break
        return {"statuses": statuses, "exitMs": exited and round(1000 * exited), "exitCode": server.proc.poll(), "portGoneMs": port_gone and round(1000 * port_gone), "late": late,
                "ends": [{"how": one.how, "lastChunk": one.last, "chunked": one.fields.get("transfer-encoding"), "ms": one.ended and round(1000 * (one.ended - at)), "bytesAfter": one.bytes - b, "tail": one.tail.decode(errors="replace")[-90:]} for one, b in zip(streams, before)]}


async def leavers(command, path):
    async with Server(command, path) as server:
        first = await server.open()
        await first.head()
        await asyncio.sleep(2)
        pid = server.proc.pid
        before, memory = descriptors(pid), rss(pid)
        for _ in range(10):
            streams = await asyncio.gather(*(server.open() for _ in range(20)))
            await asyncio.gather(*(one.head(5) for one in streams))
            await asyncio.sleep(0.2)
            for i, one in enumerate(streams):
                if one.status == 200:
                    one.leave("RST" if i % 2 else "FIN")
        await asyncio.sleep(1)
        soon = descriptors(pid)
        await asyncio.sleep(5)
        after = descriptors(pid)
        await asyncio.sleep(25)
        out = subprocess.run(["ss", "-tanH", f"sport = :{server.port}"], capture_output=True, text=True).stdout.split("\n")
        states = {}
        for line in out:
            if line:
                states[line.split()[0]] = states.get(line.split()[0], 0) + 1
        return {"descriptors": {"before": before, "after1s": soon, "after6s": after, "after31s": descriptors(pid)}, "states": states, "rssGrowth": rss(pid) - memory, "alive": server.proc.poll() is None, "witnessLives": first.ended is None}


async def quiet_leavers(command, path):
    """The same where the server sends nothing by itself: only reading tells that a client is gone."""
    async with Server(command, path, QUIET="1") as server:
        await asyncio.sleep(1)
        pid = server.proc.pid
        before = descriptors(pid)
        streams = [await server.open() for _ in range(40)]
        await asyncio.sleep(3)
        while_open = descriptors(pid)
        for i, one in enumerate(streams):
            one.leave("RST" if i % 2 else "FIN")
        await asyncio.sleep(6)
        six = descriptors(pid)
        await asyncio.sleep(40)
        return {"before": before, "open": while_open, "after6s": six, "after46s": descriptors(pid)}


async def unfinished(command, path):
    async with Server(command, path) as server:
        first = await server.open()
        await first.head()
        socks = []
        for i in range(200):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept:".encode())
            socks.append((reader, writer))
        at, ends = now(), []

        async def watch(reader):
            try:
                while await reader.read(4096):
                    pass
            except OSError:
                pass
            ends.append(round(now() - at, 1))
        tasks = [asyncio.create_task(watch(reader)) for reader, _ in socks]
        await asyncio.sleep(2)
        new = await server.open()
        status = await new.head()
        got = first.bytes
        await asyncio.sleep(65)
        for task in tasks:
            task.cancel()
        return {"newcomer": status, "newcomerMs": getattr(new, "headMs", None), "cut": len(ends), "firstCutS": min(ends, default=None), "lastCutS": max(ends, default=None), "witnessGoesOn": first.bytes > got, "alive": server.proc.poll() is None}


async def pressure(command, path):
    async with Server(command, path, PRESSURE="1") as server:
        fast = await server.open()
        await fast.head()
        await asyncio.sleep(4)
        start, bytes0 = rss(server.proc.pid), fast.bytes
        slow = []
        for _ in range(4):
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect(("127.0.0.1", server.port))
            one.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAccept: text/event-stream\r\n\r\n".encode())
            one.setblocking(False)
            slow.append([one, 0, None])
        at, curve = now(), []
        while now() - at < 45:
            await asyncio.sleep(0.5)
            for one in slow:
                try:
                    data = one[0].recv(512)
                    one[1] += len(data)
                    if not data and one[2] is None:
                        one[2] = round(now() - at, 1)
                except BlockingIOError:
                    pass
                except OSError:
                    one[2] = one[2] or round(now() - at, 1)
            if len(curve) < (now() - at) // 5:
                curve.append([round(now() - at), rss(server.proc.pid) - start, fast.bytes - bytes0])
        return {"curveSRssFastBytes": curve, "slowCutAtS": [one[2] for one in slow], "fastStalled": fast.arrivals[-1][0] < now() - 3, "alive": server.proc.poll() is None}


async def restart(command, path):
    """Killed and started again: which ids there were before and after, and what who comes back with the last one gets."""
    seen, last = [], ""
    for turn in range(2):
        async with Server(command, path) as server:
            one = await server.open(f"Last-Event-ID: {last}\r\n" if last else "")
            await asyncio.sleep(6)
            ids = [f.get("id") for f in one.events()]
            seen.append({"status": one.status, "ids": ids[:8], "events": [f.get("event") for f in one.events()][:3]})
            last = next((i for i in reversed(ids) if i), "")
    return {"before": seen[0], "presented": last, "after": seen[1]}


async def garbage(command, path):
    async with Server(command, path) as server:
        first = await server.open()
        await first.head()
        rng = random.Random(7)
        good = f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n".encode()
        kinds = [
            lambda: rng.randbytes(rng.randint(1, 4096)), lambda: good + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n", lambda: b"GET / HTTP/9.9\r\n\r\n", lambda: good[: rng.randint(1, len(good))],
            lambda: good + b"Last-Event-ID: " + rng.randbytes(40).replace(b"\n", b"") + b"\r\n\r\n", lambda: good + b"Content-Length: -5\r\n\r\n", lambda: good + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            lambda: b"GET " + path.encode() + b"?" + b"%zz%00%ff" + b" HTTP/1.1\r\nHost: x\r\n\r\n", lambda: good + b"Content-Length: 99999999999999999999\r\n\r\n", lambda: b"\x16\x03\x01" + rng.randbytes(200), lambda: good + b"Host: y\r\nHost: z\r\n\r\n", lambda: good.replace(b"\r\n", b"\n\0") + b"\n\n",
        ]
        sent = 0
        for _ in range(20):
            for kind in kinds:
                try:
                    _, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", server.port), 5)
                    writer.write(kind())
                    await asyncio.sleep(0.01)
                    writer.transport.abort()
                    sent += 1
                except (OSError, asyncio.TimeoutError):
                    pass
        got = first.bytes
        await asyncio.sleep(3)
        new = await server.open()
        return {"sent": sent, "alive": server.proc.poll() is None, "witnessGoesOn": first.bytes > got, "newcomer": await new.head()}


async def frozen(command, path):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    result = {}
    for name, env in (("pushing", {}), ("quiet", {"QUIET": "1"})):
        async with Server(command, path, **env) as server:
            one = await server.open()
            await asyncio.sleep(3)
            port = one.writer.get_extra_info("sockname")[1]
            subprocess.run(["iptables", "-A", "INPUT", "-p", "tcp", "--dport", str(port), "-j", "DROP"], check=True)
            subprocess.run(["iptables", "-A", "INPUT", "-p", "tcp", "--sport", str(port), "-j", "DROP"], check=True)
            at, gone = now(), None
            while now() - at < 100 and gone is None:
                await asyncio.sleep(1)
                out = subprocess.run(["ss", "-tanH", f"sport = :{server.port} and dport = :{port}"], capture_output=True, text=True).stdout
                if "ESTAB" not in out and "CLOSE-WAIT" not in out:
                    gone = round(now() - at, 1)
            result[name] = {"letGoAfterS": gone}
    return result


PARTS = {"heads": heads, "ids": ids, "retries": retries, "idle": idle, "shutdown": shutdown, "shutdownQuiet": lambda c, p: shutdown(c, p, True), "leavers": leavers, "quietLeavers": quiet_leavers, "unfinished": unfinished, "restart": restart, "garbage": garbage, "pressure": pressure, "frozen": frozen}


async def main():
    out, path, command = sys.argv[1:4]
    names = sys.argv[4].split(",") if len(sys.argv) > 4 else [name for name in PARTS if name not in ("pressure", "frozen")]
    results = await asyncio.gather(*(PARTS[name](command, path) for name in names), return_exceptions=True)
    facts = {name: result if isinstance(result, dict) else {"error": repr(result)} for name, result in zip(names, results)}
    old = json.load(open(out)) if os.path.exists(out) else {}
    json.dump({**old, **facts}, open(out, "w"), indent=1)


asyncio.run(main())
