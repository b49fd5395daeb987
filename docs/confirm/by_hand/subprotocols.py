#!/usr/bin/env python3
"""Independent of Holdfast: raw sockets, hand-written packets. measure_sub.py KIND CMD... : facts of one server; measure_sub.py client CMD SERVERCMD PATH"""
import asyncio, base64, json, os, re, shlex, signal, socket, struct, subprocess, sys, time
KIND = sys.argv[1]
def free():
    s = socket.socket(); s.bind(("127.0.0.1", 0)); p = s.getsockname()[1]; s.close(); return p
def start(cmd, env):
    return subprocess.Popen(shlex.split(cmd), env={**os.environ, **env}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
async def up(port):
    for _ in range(600):
        try: (await asyncio.open_connection("127.0.0.1", port))[1].close(); return
        except OSError: await asyncio.sleep(0.1)
class WS:
    def __init__(self): self.closed = None; self.log = []; self.t0 = time.monotonic()
    async def open(self, port, path, proto=None):
        self.r, self.w = await asyncio.open_connection("127.0.0.1", port)
        h = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n" + (f"Sec-WebSocket-Protocol: {proto}\r\n" if proto else "") + "\r\n"
        self.w.write(h.encode()); head = await self.r.readuntil(b"\r\n\r\n"); assert b" 101 " in head, head
        self.t0 = time.monotonic(); self.task = asyncio.create_task(self.pump()); return self
    def send(self, data, op=None):
        b = data.encode() if isinstance(data, str) else data; op = op or (1 if isinstance(data, str) else 2); n = len(b)
        head = bytes([0x80 | op]) + (bytes([0x80 | n]) if n < 126 else bytes([0xfe]) + struct.pack(">H", n)) + b"\0\0\0\0"
        try: self.w.write(head + b)
        except Exception: pass
    on = None; mute = False
    async def pump(self):
        try:
            while True:
                a, b = await self.r.readexactly(2); n = b & 127
                if n == 126: n = struct.unpack(">H", await self.r.readexactly(2))[0]
                elif n == 127: n = struct.unpack(">Q", await self.r.readexactly(8))[0]
                p = await self.r.readexactly(n); op = a & 15
                self.log.append((time.monotonic() - self.t0, op, p))
                if op == 8: self.closed = self.closed or time.monotonic() - self.t0
                if op == 9 and not self.mute: self.send(p, 10)
                if self.on and not self.mute: self.on(op, p)
        except Exception: self.closed = self.closed or time.monotonic() - self.t0
    def rst(self):
        self.w.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); self.w.transport.abort()
ACK = []
def mqtt_connect(cid, clean): body = b"\0\4MQTT\4" + bytes([2 if clean else 0]) + b"\0\x1e" + struct.pack(">H", len(cid)) + cid.encode(); return bytes([0x10, len(body)]) + body
def mqtt_on(ws):
    buf = bytearray()
    def on(op, p):
        buf.extend(p)
        while len(buf) >= 2 and len(buf) >= 2 + buf[1]:
            kind, n = buf[0], buf[1]; body = bytes(buf[2:2 + n]); del buf[:2 + n]
            ws.packets = getattr(ws, "packets", []); ws.packets.append((time.monotonic() - ws.t0, kind, body))
            if kind >> 4 == 3 and kind & 6 == 2:
                tl = struct.unpack(">H", body[:2])[0]; ws.send(b"\x40\x02" + body[2 + tl:4 + tl])
    return on
KINDS = {
  "sio": dict(path="/socket.io/?EIO=4&transport=websocket", hb=lambda o, p: p == b"2" or o == 9),
  "mqtt": dict(path="/mqtt", proto="mqtt", beat=(15, b"\xc0\0"), hb=lambda o, p: p.startswith(b"\xd0") or o == 9),
  "graphql": dict(path="/graphql", proto="graphql-transport-ws", hb=lambda o, p: o == 9 or b'"ping"' in p),
  "stomp": dict(path="/ws", proto="v12.stomp", beat=(8, "\n"), hb=lambda o, p: p == b"\n" or o == 9),
  "springsock": dict(path="/sock/000/%s/websocket", hb=lambda o, p: p in (b"h", b'a["\\n"]') or o == 9),
  "sockjs": dict(path="/echo/000/%s/websocket", hb=lambda o, p: p == b"h" or o == 9),
  "phoenix": dict(path="/socket/websocket?vsn=2.0.0", beat=(20, '[null,"9","phoenix","heartbeat",{}]'), hb=lambda o, p: b'"phoenix"' in p or o == 9),
}
async def session(port, k, mute=False, cursor=None, sub=True, cid=None, bare=False):
    path = k["path"] % os.urandom(4).hex() if "%s" in k["path"] else k["path"]
    ws = WS(); ws.mute = False; await ws.open(port, path, k.get("proto"))
    if KIND == "sio":
        ws.on = lambda o, p: p == b"2" and ws.send("3"); await asyncio.sleep(.2); ws.send("40" + (json.dumps(cursor) if cursor else ""))
    if KIND == "mqtt":
        ws.on = mqtt_on(ws); ws.send(mqtt_connect(cid or os.urandom(4).hex(), cid is None)); await asyncio.sleep(.3)
        if sub and not cursor: ws.send(b"\x82\x0a\0\1\0\5ticks\1")
    if KIND == "graphql": ws.send('{"type":"connection_init"}'); await asyncio.sleep(.2); ws.send('{"id":"1","type":"subscribe","payload":{"query":"subscription { tick { seq } }"}}')
    S = "CONNECT\naccept-version:1.2\nheart-beat:20000,20000\n\n\0", "SUBSCRIBE\nid:0\ndestination:/topic/ticks\n\n\0"
    if KIND == "stomp":
        for x in S[:1 if bare else 2]: ws.send(x); await asyncio.sleep(.3)
    if KIND == "springsock":
        await asyncio.sleep(.2)
        for x in S[:1 if bare else 2]: ws.send(json.dumps([x])); await asyncio.sleep(.3)
    if KIND == "phoenix": ws.send('["1","1","room:lobby","phx_join",{}]')
    ws.mute = mute
    return ws
ids = lambda ws: [int(m) for _, _, p in ws.log for m in re.findall(rb'(?:tick|seq)\\*":(\d+)', p)]
async def server():
    k = KINDS[KIND]; port = free(); proc = start(sys.argv[2], {"PORT": str(port)}); await up(port); await asyncio.sleep(1); out = {"kind": KIND, "cmd": sys.argv[2]}
    a = await session(port, k); leak = await session(port, k, mute=True); none = await session(port, k, mute=True, sub=False, bare=True)
    async def beat():
        while k.get("beat"): await asyncio.sleep(k["beat"][0]); a.send(k["beat"][1])
    b = asyncio.create_task(beat()); await asyncio.sleep(1); c = await session(port, k); await asyncio.sleep(8)
    x, y = ids(a), ids(c); out["ids"] = dict(unique=len(set(x)) == len(x) > 0, shared=len(set(x) & set(y)) / max(1, len(set(y))), dense=all(j - i == 1 for i, j in zip(x, x[1:])))
    if KIND in ("sio", "mqtt"):
        v = await session(port, k, cid="victim"); await asyncio.sleep(3)
        cur = None
        if KIND == "sio":
            t = b"".join(p + b"\n" for _, _, p in v.log).decode(); cur = {"pid": re.search(r'"pid":"([^"]+)"', t)[1], "offset": re.findall(r'"([^"]+)"\]\n', t)[-1]}
        had = ids(v); v.rst(); await asyncio.sleep(5); at = ids(a)[-1]
        v2 = await session(port, k, cid="victim", cursor=cur or True); await asyncio.sleep(3); got = ids(v2); want = range(had[-1] + 1, at + 1)
        out["replay"] = dict(missed=len(want), lost=len(set(want) - set(got)), twice=len(got) - len(set(got)), ordered=got == sorted(got))
    await asyncio.sleep(100 - (time.monotonic() - a.t0)); b.cancel()
    hb = [0] + [t for t, o, p in a.log if k["hb"](o, p)] + [100]; out["longestHeartbeatGapS"] = round(max(j - i for i, j in zip(hb, hb[1:])), 1); out["heartbeats"] = len(hb) - 2; out["firstEndOfA"] = a.closed
    out["frozenReleasedS"] = leak.closed and round(leak.closed, 1); out["neverBeatReleasedS"] = none.closed and round(none.closed, 1)
    os.killpg(proc.pid, signal.SIGKILL); print(json.dumps(out))
async def client():
    _, _, ccmd, scmd, path = sys.argv; port = free(); proc = start(scmd, {"PORT": str(port)}); await up(port); await asyncio.sleep(1)
    async def trial(kind):
        st = dict(cut=False, frozen=set(), live=set(), n=0, closed=None, back=None, at=None)
        async def accept(r, w):
            st["n"] += 1
            if st["cut"]: w.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); return w.transport.abort()
            if st["at"] and kind == "freeze": st["back"] = st["back"] or time.monotonic() - st["at"]
            ur, uw = await asyncio.open_connection("127.0.0.1", port); pair = (w, uw); st["live"].add(pair)
            async def pump(a, b, isup):
                try:
                    while d := await a.read(65536):
                        if pair not in st["frozen"]: b.write(d)
                except OSError: pass
                if pair in st["frozen"]:
                    if isup: st["closed"] = st["closed"] or time.monotonic() - st["at"]
                else: b.close()
            await asyncio.gather(pump(r, uw, True), pump(ur, w, False)); st["live"].discard(pair)
        srv = await asyncio.start_server(accept, "127.0.0.1", 0); p = srv.sockets[0].getsockname()[1]
        c = start(ccmd, {"TARGET_URL": f"ws://127.0.0.1:{p}{path}"}); await asyncio.sleep(10); st["at"] = time.monotonic()
        if kind == "freeze":
            st["frozen"] |= st["live"]; end = time.monotonic() + 100
            while time.monotonic() < end and not st["back"]: await asyncio.sleep(.2)
            os.killpg(c.pid, signal.SIGKILL); return dict(noticedS=st["closed"] and round(st["closed"], 1), backS=st["back"] and round(st["back"], 1))
        st["cut"] = True
        for pr in list(st["live"]):
            for x in pr: x.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); x.transport.abort()
        await asyncio.sleep(5); st["cut"] = False; await asyncio.sleep(25); os.killpg(c.pid, signal.SIGKILL)
        seen = [json.loads(l)["id"] for l in c.communicate()[0].decode().splitlines() if '"message"' in l]
        return dict(messages=len(seen), lost=len(set(range(seen[0], seen[-1] + 1)) - set(seen)) if seen else None, twice=len(seen) - len(set(seen)))
    f, c = await asyncio.gather(trial("freeze"), trial("cut")); os.killpg(proc.pid, signal.SIGKILL); print(json.dumps(dict(client=ccmd, freeze=f, cut=c)))
asyncio.run(client() if KIND == "client" else server())
