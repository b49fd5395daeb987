#!/usr/bin/env python3
"""Raw facts about one WebSocket server, by raw sockets and the standard library alone. Knows nothing of Holdfast's code.

    measure_server.py NAME --lab DIR --out raw [--only idle,frozen,ping,messages,shutdown,pressure,storm,drop]

Facts are merged into OUT/NAME.json, one key a measurement. `drop` wants root inside a network namespace of its own
(it calls iptables). Judging is left to whoever reads the facts.
"""
import argparse, fcntl, json, os, re, shlex, signal, socket, statistics, struct, subprocess, sys, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
MiB = 1 << 20


# --- a WebSocket client of raw bytes ----------------------------------------------------------------------------------
class Ended(Exception):
    pass


class Ws:
    """Masked with the key 0, so that 64 MiB cost nothing. `get` returns (op, fin, payload or length)."""

    def __init__(self, port, spec, timeout=10, rcvbuf=None):
        self.sock = socket.socket()
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.settimeout(timeout)
        self.sock.connect(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.local = self.sock.getsockname()[1]
        self.sock.sendall((f"GET {spec.get('path', '/')} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                           "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
        self.buf = bytearray()
        while b"\r\n\r\n" not in self.buf:
            self.fill(timeout)
        head, _, rest = bytes(self.buf).partition(b"\r\n\r\n")
        self.buf = bytearray(rest)
        self.status = int(head.split()[1])
        if self.status != 101:
            raise Ended(f"status {self.status}")
        if spec.get("first"):
            self.send(spec["first"].encode())

    def fill(self, timeout):
        self.sock.settimeout(max(timeout, 0.001))
        try:
            data = self.sock.recv(1 << 18)
        except socket.timeout:
            raise TimeoutError
        except OSError as error:
            raise Ended("RST" if error.errno in (104, 32) else str(error))
        if not data:
            raise Ended("FIN")
        self.buf += data

    def need(self, n, deadline):
        while len(self.buf) < n:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.fill(left)

    def get(self, timeout=10):
        end = time.monotonic() + timeout
        self.need(2, end)
        op, length, at = self.buf[0] & 15, self.buf[1] & 127, 2
        if length == 126:
            self.need(4, end); length = struct.unpack(">H", self.buf[2:4])[0]; at = 4
        elif length == 127:
            self.need(10, end); length = struct.unpack(">Q", self.buf[2:10])[0]; at = 10
        fin = self.buf[0] >> 7
        if length > 4 * MiB:                                      # discard, but count
            self.need(at, end)
            del self.buf[:at]
            left = length
            while left:
                if not self.buf:
                    self.need(1, end)
                step = min(left, len(self.buf)); del self.buf[:step]; left -= step
            return op, fin, length
        self.need(at + length, end)
        payload = bytes(self.buf[at:at + length])
        del self.buf[:at + length]
        return op, fin, payload

    def head(self, length, op=1, fin=1):
        first = bytes([(fin << 7) | op])
        if length < 126:
            return first + bytes([128 | length]) + b"\0\0\0\0"
        if length < 65536:
            return first + bytes([128 | 126]) + struct.pack(">H", length) + b"\0\0\0\0"
        return first + bytes([128 | 127]) + struct.pack(">Q", length) + b"\0\0\0\0"

    def send(self, payload, op=1, fin=1, timeout=60):
        self.sock.settimeout(timeout)
        try:
            self.sock.sendall(self.head(len(payload), op, fin))
            view = memoryview(payload)
            for at in range(0, len(view), MiB):
                self.sock.sendall(view[at:at + MiB])
        except socket.timeout:
            raise TimeoutError
        except OSError as error:
            raise Ended("RST" if error.errno in (104, 32) else str(error))

    def rst(self):
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        self.sock.close()


def code_of(payload):
    return struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else None


# --- the program ------------------------------------------------------------------------------------------------------
def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def proc_net():
    """(local port, remote port) -> (state, timer kind). State 1 is ESTABLISHED, timer 2 is keepalive."""
    rows = {}
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in open(path).read().splitlines()[1:]:
            f = line.split()
            key = (int(f[1].rsplit(":")[-1], 16), int(f[2].rsplit(":")[-1], 16))
            rows[key] = (int(f[3], 16), int(f[5].split(":")[0], 16), int(f[9]))
    return rows


def tree(pid):
    pids, todo = [], [pid]
    while todo:
        p = todo.pop()
        pids.append(p)
        try:
            for task in os.listdir(f"/proc/{p}/task"):
                todo += [int(c) for c in open(f"/proc/{p}/task/{task}/children").read().split()]
        except OSError:
            pass
    return pids


def rss(pid):
    total = 0
    for p in tree(pid):
        try:
            total += int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{p}/status").read()).group(1)) * 1024
        except (OSError, AttributeError):
            pass
    return total


class Server:
    def __init__(self, entry, lab):
        self.spec = entry.get("measure", {})
        self.port = free_port()
        directory = os.path.join(lab, entry["name"])
        command = entry["command"].replace("{dir}", directory).replace("{port}", str(self.port))
        self.log = open(f"/tmp/lab-{entry['name']}-{self.port}.log", "wb")
        self.proc = subprocess.Popen(shlex.split(command), env={**os.environ, "PORT": str(self.port), "HOST": "127.0.0.1"},
                                     stdin=subprocess.PIPE, stdout=self.log, stderr=self.log, start_new_session=True)
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                if time.monotonic() > end or self.proc.poll() is not None:
                    raise SystemExit(f"{entry['name']} did not open its port, exit {self.proc.poll()}")
                time.sleep(0.05)
        time.sleep(1)

    def connect(self, **options):
        return Ws(self.port, self.spec, **options)

    def row(self, ws):
        return proc_net().get((self.port, ws.local))

    def alive(self):
        return self.proc.poll() is None

    def stop(self):
        if self.alive():
            for p in reversed(tree(self.proc.pid)):
                try:
                    os.kill(p, signal.SIGKILL)
                except OSError:
                    pass
        self.proc.wait()
        self.log.close()
        os.unlink(self.log.name)


def wrap(spec, size):
    """A text message of exactly `size` bytes the program takes for one."""
    if spec.get("json"):
        left = len(json.dumps({spec["json"]: ""}, separators=(",", ":")))
        return json.dumps({spec["json"]: "a" * (size - left)}, separators=(",", ":")).encode()
    return b"a" * size


# --- the measurements -------------------------------------------------------------------------------------------------
def idle(server, seconds=75):
    """Nothing sent but pongs: what comes, and the longest silence between any two frames."""
    ws, start = server.connect(), time.monotonic()
    last, longest, kinds, ended = start, 0, {}, None
    while time.monotonic() - start < seconds:
        try:
            op, _, payload = ws.get(start + seconds - time.monotonic())
        except TimeoutError:
            break
        except Ended as error:
            ended = {"by": str(error), "atMs": round((time.monotonic() - start) * 1000)}
            break
        now = time.monotonic()
        if now - start > 2:                                       # greetings aside
            longest = max(longest, now - last)
        last = now
        kinds[str(op)] = kinds.get(str(op), 0) + 1
        if op == 9:
            ws.send(payload, 10)
        if op == 8:
            ended = {"by": f"close {code_of(payload)}", "atMs": round((now - start) * 1000)}
            break
    longest = max(longest, time.monotonic() - last)
    timer = server.row(ws)
    ws.rst()
    return {"longestSilenceMs": round(longest * 1000), "framesByOpcode": kinds, "ended": ended, "seconds": seconds,
            "keepaliveTimer": bool(timer and timer[1] == 2)}


def frozen(server, seconds=130):
    """The peer's TCP lives, its program is gone: it takes bytes and never says a word. When does the server let go?"""
    ws, start, said = server.connect(), time.monotonic(), None
    time.sleep(3)
    timer = server.row(ws)
    base = time.monotonic()
    close = released = None
    while time.monotonic() - base < seconds:
        try:
            op, _, payload = ws.get(0.5)
            if op == 8 and not close:
                close = {"code": code_of(payload), "atMs": round((time.monotonic() - base) * 1000)}
        except TimeoutError:
            pass
        except Ended as error:
            released, said = round((time.monotonic() - base) * 1000), str(error)
            break
    ws.rst()
    return {"releasedMs": released, "how": said, "closeFrame": close, "watchedMs": seconds * 1000,
            "keepaliveTimer": bool(timer and timer[1] == 2)}


def drop(server, seconds=200):
    """Packets of one connection vanish both ways. When does the server's socket leave ESTABLISHED?"""
    ws = server.connect()
    time.sleep(3)
    before = server.row(ws)
    rules = [["-p", "tcp", "--sport", str(ws.local)], ["-p", "tcp", "--dport", str(ws.local)]]
    for rule in rules:
        subprocess.run(["iptables", "-A", "INPUT", *rule, "-j", "DROP"], check=True)
    base, released = time.monotonic(), None
    while time.monotonic() - base < seconds:
        row = server.row(ws)
        if row is None or row[0] != 1:
            released = round((time.monotonic() - base) * 1000)
            break
        time.sleep(0.2)
    for rule in rules:
        subprocess.run(["iptables", "-D", "INPUT", *rule, "-j", "DROP"], check=True)
    ws.rst()
    return {"releasedMs": released, "watchedMs": seconds * 1000, "timerBefore": before and before[1]}


def ping(server):
    ws, start = server.connect(), time.monotonic()
    ws.send(b"measured-4711", 9)
    answer = None
    while time.monotonic() - start < 6:
        try:
            op, _, payload = ws.get(start + 6 - time.monotonic())
        except (TimeoutError, Ended) as error:
            answer = answer or f"none ({error!r})"
            break
        if op == 10:
            answer = "same" if payload == b"measured-4711" else "other payload"
            break
    ms = round((time.monotonic() - start) * 1000)
    ws.rst()
    return {"pong": answer or "none", "afterMs": ms}


def one_message(server, size, fragments):
    ws = server.connect()
    time.sleep(0.3)
    fact, state, base = {"bytes": size, "fragments": fragments}, {}, rss(server.proc.pid)
    peak = [base]
    done = threading.Event()

    def read():
        while not done.is_set():
            try:
                op, _, payload = ws.get(60)
            except TimeoutError:
                continue
            except Ended as error:
                state.setdefault("ended", str(error)); done.set(); return
            if op == 8:
                state["close"] = code_of(payload)
            elif op == 10 and payload == b"after":
                state["pongAfter"] = True; done.set()
            elif op in (1, 2, 0):
                state["largestBack"] = max(state.get("largestBack", 0), payload if isinstance(payload, int) else len(payload))

    def watch():
        while not done.is_set():
            peak[0] = max(peak[0], rss(server.proc.pid)); time.sleep(0.05)

    threads = [threading.Thread(target=read, daemon=True), threading.Thread(target=watch, daemon=True)]
    [t.start() for t in threads]
    payload = wrap(server.spec, size)
    try:
        if fragments == 1:
            ws.send(payload)
        else:
            step = -(-size // fragments)
            parts = [payload[i:i + step] for i in range(0, size, step)]
            for i, part in enumerate(parts):
                ws.send(part, 1 if i == 0 else 0, 1 if i == len(parts) - 1 else 0)
        ws.send(b"after", 9)
    except (Ended, TimeoutError) as error:
        state["sendStopped"] = repr(error)
    done.wait(40)
    done.set()
    ws.rst()
    time.sleep(0.5)
    fact.update(state, rssGrowthBytes=peak[0] - base, alive=server.alive())
    # A pong after it says that the whole message was taken in; so does its echo. A close, a FIN or a RST refuses it.
    fact["accepted"] = bool(state.get("pongAfter") or state.get("largestBack", 0) >= size) and "close" not in state
    return fact


def messages(make):
    facts = []
    for size, fragments in ((MiB, 1), (16 * MiB, 1), (64 * MiB, 1), (64 * MiB + 1024, 1), (64 * MiB + 1024, 1000)):
        server = make()
        facts.append(one_message(server, size, fragments))
        server.stop()
    return facts


def shutdown(server, polite=3, seconds=90, stubborn=True):
    """Three clients that answer a close and leave, one that ignores it, one that does not even read. SIGTERM to the port's owner."""
    inode = next(r[2] for (local, _), r in proc_net().items() if local == server.port and r[0] == 10)
    owner = server.proc.pid
    for p in tree(server.proc.pid):
        try:
            if any(os.readlink(f"/proc/{p}/fd/{fd}") == f"socket:[{inode}]" for fd in os.listdir(f"/proc/{p}/fd")):
                owner = p
                break
        except OSError:
            pass
    good = [server.connect() for _ in range(polite)]
    bad = [server.connect() for _ in range(2)] if stubborn else []
    time.sleep(2)
    ends = [None] * (polite + len(bad[:1]))
    start = time.monotonic()

    def follow(i, ws, answer):
        fact, until = {"close": None, "end": None}, time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                op, _, payload = ws.get(until - time.monotonic())
            except TimeoutError:
                break
            except Ended as error:
                fact["end"], fact["endMs"] = str(error), round((time.monotonic() - start) * 1000)
                if answer:                                        # and a polite client closes its own side too
                    ws.sock.close()
                break
            if op == 9 and answer:
                ws.send(payload, 10)
            if op == 8:
                fact["close"], fact["closeMs"] = code_of(payload) or "empty", round((time.monotonic() - start) * 1000)
                if answer:
                    try:
                        ws.send(payload[:2], 8)
                    except (Ended, TimeoutError):
                        pass
        ends[i] = fact

    threads = [threading.Thread(target=follow, args=(i, ws, i < polite), daemon=True)
               for i, ws in enumerate(good + bad[:1])]
    [t.start() for t in threads]
    time.sleep(0.2)
    start = time.monotonic()
    os.kill(owner, signal.SIGTERM)
    gone, attempts = [], []

    def bury():
        server.proc.wait()
        gone.append(round((time.monotonic() - start) * 1000))

    threading.Thread(target=bury, daemon=True).start()
    for at in (0.1, 0.5, 1, 2, 4, 8):
        time.sleep(max(0, start + at - time.monotonic()))
        if gone:
            break
        try:
            late = server.connect(timeout=3)
            what = "101"
            try:
                late.send(wrap(server.spec, 40))
                op, _, payload = late.get(1.5)
                what = f"101, then close {code_of(payload)}" if op == 8 else "101, then served"
            except TimeoutError:
                what = "101, then nothing"
            except Ended as error:
                what = f"101, then {error}"
            late.rst()
        except (Ended, OSError) as error:
            what = str(error)
        attempts.append({"afterMs": round(at * 1000), "got": what})
    while not gone and time.monotonic() - start < seconds:
        time.sleep(0.05)
    [t.join(2) for t in threads]
    return {"clients": [e for e in ends[:polite]], "ignoringClient": ends[polite] if stubborn else None,
            "stubborn": stubborn, "newConnections": attempts,
            "exitMs": gone[0] if gone else None, "exitCode": server.proc.returncode if gone else None}


def percentile(values, p):
    return round(sorted(values)[min(len(values) - 1, int(len(values) * p))] * 1000, 2) if values else None


def pressure(server, slow=4, calm=7, stall=28):
    """35 s in all, so that no heartbeat of 20 s + 20 s cuts the mute ones first. Four readers beside a neighbour. First they read; then they stop. Echo: each is sent what it does not fetch; broadcast: one
    sender for all. What the server's memory does, and what the neighbour's own round trip does."""
    spec = server.spec
    size, rate = spec.get("size", 16384), spec.get("rate", 6 * MiB)
    kind = spec["kind"]
    message = wrap(spec, size)
    readers = [server.connect() for _ in range(slow)]
    neighbour = server.connect()
    sender = server.connect() if kind == "broadcast" else None
    stalled, over = threading.Event(), threading.Event()
    state = {"read": [0] * slow, "ended": {}, "sent": 0, "blockedMs": 0}

    def drain(i, ws):
        ws.sock.settimeout(0.2)
        while not over.is_set():
            if stalled.is_set() and i < slow:
                time.sleep(0.05); continue
            try:
                data = ws.sock.recv(1 << 18)
            except socket.timeout:
                continue
            except OSError as error:
                state["ended"][str(i)] = str(error); return
            if not data:
                state["ended"][str(i)] = "FIN"; return
            if i < slow:
                state["read"][i] += len(data)

    pushed = [0] * (slow + 1)

    def push(i, ws, per_second):
        frame = ws.head(len(message)) + message
        start = last = time.monotonic()
        while not over.is_set():
            now = time.monotonic()
            if pushed[i] > (now - start) * per_second:
                time.sleep(0.005); continue
            view = memoryview(frame)
            while view and not over.is_set():
                try:
                    n = ws.sock.send(view)
                    view = view[n:]
                except (BlockingIOError, socket.timeout):
                    continue
                except OSError as error:
                    state["ended"].setdefault(f"push{i}", str(error)); return
            pushed[i] += len(frame)

    threads = [threading.Thread(target=drain, args=(i, ws), daemon=True) for i, ws in enumerate(readers)]
    if kind == "broadcast":
        threads += [threading.Thread(target=drain, args=(slow, sender), daemon=True),
                    threading.Thread(target=push, args=(slow, sender, rate), daemon=True)]
    else:
        threads += [threading.Thread(target=push, args=(i, ws, rate / 2), daemon=True) for i, ws in enumerate(readers)]
    trips = {"calm": [], "stall": []}
    missing = {"calm": 0, "stall": 0}
    gone = []

    def trip():
        token = os.urandom(6).hex()
        body = (json.dumps({spec["json"]: token}) if spec.get("json") else token).encode()
        wants = tuple(spec.get("copy", "").encode() + t for t in (token.encode(), token.upper().encode()))
        while not over.is_set():
            phase = "stall" if stalled.is_set() else "calm"
            start = time.monotonic()
            try:
                neighbour.send(body, timeout=5)
                while True:
                    op, _, payload = neighbour.get(start + 5 - time.monotonic())
                    if op == 9:
                        neighbour.send(payload, 10)
                    if op == 8:
                        raise Ended("close")
                    if isinstance(payload, bytes) and any(w in payload for w in wants):
                        break
                trips[phase].append(time.monotonic() - start)
            except TimeoutError:
                missing[phase] += 1
            except (Ended, ValueError) as error:
                gone.append(str(error)); return
            time.sleep(0.008)

    threads.append(threading.Thread(target=trip, daemon=True))
    memory = []
    begin = rss(server.proc.pid)
    [t.start() for t in threads]

    def watch(seconds, tag):
        until = time.monotonic() + seconds
        while time.monotonic() < until and server.alive():
            memory.append((tag, rss(server.proc.pid))); time.sleep(0.5)

    watch(calm, "calm")
    sent_calm, pushed_calm = sum(pushed), list(pushed)
    stalled.set()
    watch(stall, "stall")
    queue = {}
    for i, ws in enumerate(readers):
        row = server.row(ws)
        queue[str(i)] = "gone" if row is None or row[0] != 1 else "established"
    over.set()
    time.sleep(0.5)
    [w.rst() for w in readers + [neighbour] + ([sender] if sender else [])]
    time.sleep(2)
    calm_rss = [m for t, m in memory if t == "calm"] or [begin]
    stall_rss = [m for t, m in memory if t == "stall"] or [begin]
    return {"kind": kind, "messageBytes": size, "rssStart": begin, "rssCalmMax": max(calm_rss), "rssStallMax": max(stall_rss),
            "rssStallEnd": stall_rss[-1], "rssAfter": rss(server.proc.pid), "sentCalmBytes": sent_calm,
            "sentStallBytes": sum(pushed) - sent_calm,
            "withheldPerReaderBytes": [(sum(pushed) - sent_calm) if kind == "broadcast" else pushed[i] - pushed_calm[i] for i in range(slow)],
            "readersAfterStall": queue, "ended": state["ended"],
            "samples": {k: len(v) for k, v in trips.items()}, "missing": missing, "neighbourEnded": gone,
            "p50Ms": {k: percentile(v, .5) for k, v in trips.items()}, "p99Ms": {k: percentile(v, .99) for k, v in trips.items()},
            "maxMs": {k: round(max(v) * 1000, 1) if v else None for k, v in trips.items()}, "alive": server.alive(), "exit": server.proc.poll()}


def storm(server, clients=200):
    """N sessions cut by RST at once, and all back at once, twice. Served: a message came (a push, or an answer to our own)."""
    spec = server.spec

    def serve(out, i):
        start = time.monotonic()
        while time.monotonic() - start < 40:
            try:
                ws = server.connect(timeout=20)
                if spec["kind"] != "push":
                    ws.send(wrap(spec, 40))
                while True:
                    op, _, payload = ws.get(20)
                    if op in (1, 2):
                        break
                    if op == 8:
                        raise Ended("close")
                out[i] = (ws, time.monotonic() - start)
                return
            except (Ended, OSError, TimeoutError):
                time.sleep(0.05)

    def all_at_once():
        out = [None] * clients
        threads = [threading.Thread(target=serve, args=(out, i), daemon=True) for i in range(clients)]
        [t.start() for t in threads]
        [t.join(60) for t in threads]
        return out

    start = time.monotonic()
    first = [None] * clients
    for i in range(clients):
        serve(first, i)
        if not server.alive():
            break
    cost = (time.monotonic() - start) / clients
    fact = {"clients": clients, "costPerConnectMs": round(cost * 1000, 2), "rssBefore": rss(server.proc.pid), "storms": []}
    held = first
    for _ in range(2):
        [h and h[0].rst() for h in held]
        held = all_at_once()
        times = sorted(h[1] for h in held if h)
        time.sleep(3)
        fact["storms"].append({"served": len(times), "t50Ms": percentile(times, .5), "t99Ms": percentile(times, .99),
                               "t100Ms": round(times[-1] * 1000, 1) if times else None, "rss": rss(server.proc.pid), "alive": server.alive()})
        if not server.alive():
            break
    [h and h[0].rst() for h in held]
    time.sleep(2)
    fact.update(alive=server.alive(), exit=server.proc.poll(), rssAfter=rss(server.proc.pid))
    return fact


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name"); parser.add_argument("--lab", default="/tmp/lab"); parser.add_argument("--out", default=os.path.join(HERE, "raw"))
    parser.add_argument("--only", default="idle,frozen,ping,messages,shutdown,pressure,storm")
    options = parser.parse_args()
    entry = next(e for e in json.load(open(os.path.join(HERE, "programs.json"))) if e["name"] == options.name)
    make = lambda: Server(entry, options.lab)
    os.makedirs(options.out, exist_ok=True)
    path = os.path.join(options.out, f"{options.name}.json")
    for what in options.only.split(","):
        if what == "messages":
            fact = messages(make)
        else:
            if what == "pressure" and entry["measure"]["kind"] == "push":
                continue
            server = make()
            try:
                if what == "politely":
                    fact = shutdown(server, stubborn=False)
                else:
                    fact = {"idle": idle, "frozen": frozen, "drop": drop, "ping": ping, "shutdown": shutdown, "pressure": pressure, "storm": storm}[what](server)
            except Exception as error:                            # a measurement that broke is no fact about the program
                fact = {"error": repr(error), "exit": server.proc.poll()}
            finally:
                server.stop()
        with open(f"/tmp/lab-{options.name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            facts = json.load(open(path)) if os.path.exists(path) else {}
            facts[what] = fact
            with open(path, "w") as file:
                json.dump(facts, file, indent=1)
        print(options.name, what, json.dumps(fact)[:600], flush=True)


main()
