#!/usr/bin/env python3
"""measure.py KIND PATH FIRST CMD... : raw-socket facts, standard library alone. KIND: garbage | descriptors | slow."""
import os, random, resource, shlex, signal, socket, struct, subprocess, sys, time
kind, path, first, cmd = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4]
def port_():
    s = socket.socket(); s.bind(("127.0.0.1", 0)); p = s.getsockname()[1]; s.close(); return p
PORT = port_()
def limit():
    os.setsid()
    if kind == "descriptors": resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
proc = subprocess.Popen(shlex.split(cmd.replace("{port}", str(PORT))), env={**os.environ, "PORT": str(PORT), "HOST": "127.0.0.1"}, preexec_fn=limit, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
def tree():
    kids = {}
    for d in os.listdir("/proc"):
        if d.isdigit():
            try:
                f = open(f"/proc/{d}/stat").read().rsplit(")", 1)[1].split()
                if f[0] != "Z": kids.setdefault(int(f[1]), []).append((int(d), f[19]))
            except OSError: pass
    out, todo = [], [proc.pid]
    while todo:
        p = todo.pop()
        for c in kids.get(p, []): out.append(c); todo.append(c[0])
    if proc.poll() is None: out.append((proc.pid, "self"))
    return set(out)
def head(k="dGhlIHNhbXBsZSBub25jZQ=="):
    return (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {k}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode()
def conn(src="127.0.0.1", timeout=3):
    s = socket.socket(); s.settimeout(timeout); s.bind((src, 0)); s.connect(("127.0.0.1", PORT)); return s
def ws(src="127.0.0.1", timeout=3):
    s = conn(src, timeout); s.sendall(head()); b = b""
    while b"\r\n\r\n" not in b:
        c = s.recv(4096)
        if not c: raise OSError("ended")
        b += c
    st = int(b.split()[1])
    if st != 101: s.close(); raise OSError(f"status {st}")
    if first != "-":
        p = first.encode(); s.sendall(bytes([0x81, 0x80 | len(p), 0, 0, 0, 0]) + p)
    return s
def frame(b0, p):
    n = len(p)
    if n < 126: l = bytes([0x80 | n])
    elif n < 65536: l = b"\xfe" + struct.pack(">H", n)
    else: l = b"\xff" + struct.pack(">Q", n)
    return bytes([b0]) + l + b"\0\0\0\0" + p
def open_(s):
    s.setblocking(False)
    try:
        while True:
            d = s.recv(65536)
            if not d: return False
    except BlockingIOError: return True
    except OSError: return False
for _ in range(300):
    try: ws().close(); break
    except OSError: time.sleep(0.1)
else: print("never ready"); sys.exit(1)
time.sleep(0.3)
wit = [ws() for _ in range(4)]
time.sleep(1)
before = tree()
out = {}
if kind == "garbage":
    R = random.Random(3); sent = 0
    noise = lambda n: bytes(R.getrandbits(8) for _ in range(n))
    hs = head()
    cases = [("h", noise(R.randint(1, 2000))) for _ in range(30)] + [("h", hs[:R.randint(1, len(hs) - 1)]) for _ in range(30)]
    for extra in ["Sec-WebSocket-Extensions: constructor", "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=77", "X: " + "y" * 100000, "\r\n".join(f"A{i}: b" for i in range(2500)), "Content-Length: -5", "Transfer-Encoding: chunked", "bad", "Sec-WebSocket-Protocol: ,,"]:
        cases.append(("h", hs[:-2] + extra.encode() + b"\r\n\r\n")); cases.append(("h", hs[:20] + extra.encode() + b"\r\n" + hs[20:]))
    cases += [("f", noise(R.randint(2, 300))) for _ in range(60)]
    cases += [("f", frame(b, noise(R.randint(0, 150)))) for b in [0x83, 0x84, 0x8b, 0x8f, 0xc1, 0xf1, 0x09, 0x08, 0x80, 0x00, 0x89, 0x88] for _ in range(4)]
    cases += [("f", bytes([b, 0xff]) + struct.pack(">Q", n) + b"\0\0\0\0" + noise(100)) for b in (0x82, 0x02, 0x80) for n in (1 << 31, (1 << 32) + 3, 1 << 48, 1 << 62, 1 << 63, (1 << 64) - 1)]
    cases += [("f", frame(0x81, t)) for t in (b"\xff", b"null", b"{", b"", b"[" * 40000, b'"', b"0")]
    for i, (k, b) in enumerate(cases):
        try:
            s = ws(f"127.0.0.{2 + i % 250}") if k == "f" else conn(f"127.0.0.{2 + i % 250}")
            s.sendall(b); sent += 1
            s.settimeout(0.1)
            try: s.recv(100)
            except OSError: pass
            if R.random() < .5: s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
        except OSError: pass
        if i % 10 == 0 and before - tree(): break
    time.sleep(0.5); out["sent"] = sent
elif kind == "descriptors":
    fl = []; un = 0; n = 0
    while n < 300 or (un == 0 and n < 2100):
        n += 1
        try: fl.append(ws(f"127.0.0.{2 + n % 250}", 1.5))
        except OSError: un += 1
        if un > 70: break
    time.sleep(1); out.update(asked=n, unserved=un)
    if not before - tree():
        out["witnessesMeanwhile"] = sum(open_(w) for w in wit)
    for s in fl: s.close()
elif kind == "slow":
    hs = head(); t0 = time.time(); socks = {}
    for i in range(200):
        s = conn(f"127.0.0.{2 + i % 250}"); s.sendall(hs[:60]); s.setblocking(False); socks[s] = None
    worst = 0; nextp = 0
    while time.time() - t0 < 90 and any(v is None for v in socks.values()):
        for s, v in socks.items():
            if v is None and not open_(s): socks[s] = time.time() - t0
        if time.time() - t0 > nextp:
            nextp += 10
            t = time.time()
            try: ws(timeout=10).close()
            except OSError: pass
            worst = max(worst, time.time() - t)
        time.sleep(0.2)
    cut = [v for v in socks.values() if v is not None]
    out.update(cut=len(cut), lastCutS=round(max(cut), 1) if cut else None, newcomerWorstS=round(worst, 2))
    for s in socks: s.close()
t = time.time(); rec = None
while time.time() - t < 12:
    try: ws(timeout=2).close(); rec = round(time.time() - t, 2); break
    except OSError: time.sleep(0.2)
out["diedProcesses"] = len(before - tree()); out["acceptsAgainS"] = rec; out["witnessesOpen"] = sum(open_(w) for w in wit)
print(kind, out, flush=True)
try: os.killpg(proc.pid, signal.SIGKILL)
except OSError: pass
