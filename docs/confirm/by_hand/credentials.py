"""Independent measurements by raw sockets: by_hand.py auth|idle|spike|metrics PORT PATH [Header: value ...] [-- first message]"""
import sys, socket, os, base64, time, struct, urllib.request, re, threading
kind, port, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
rest = sys.argv[4:]; first = None
if '--' in rest: i = rest.index('--'); first = rest[i+1]; rest = rest[:i]
def shake(headers=(), p=path):
    s = socket.create_connection(('127.0.0.1', port), timeout=15)
    s.sendall((f"GET {p} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n" + ''.join(h+'\r\n' for h in headers) + '\r\n').encode())
    b = b''
    while b'\r\n\r\n' not in b:
        try: c = s.recv(4096)
        except OSError as e: return s, repr(e), b''
        if not c: break
        b += c
    return s, (b.split(b'\r\n')[0].decode('latin1') if b else 'closed'), b.split(b'\r\n\r\n',1)[1] if b'\r\n\r\n' in b else b''
def frame(op, data):
    n = len(data); h = bytes([0x80|op]) + (bytes([0x80|n]) if n < 126 else bytes([0x80|126]) + struct.pack('>H', n))
    return h + b'\0\0\0\0' + data
def frames(s, buf, until):
    while time.time() < until:
        while True:
            if len(buf) < 2: break
            n = buf[1] & 127; o = 2
            if n == 126:
                if len(buf) < 4: break
                n = struct.unpack('>H', buf[2:4])[0]; o = 4
            elif n == 127:
                if len(buf) < 10: break
                n = struct.unpack('>Q', buf[2:10])[0]; o = 10
            if len(buf) < o+n: break
            yield buf[0] & 15, bytes(buf[o:o+n]); buf = buf[o+n:]
        s.settimeout(max(0.05, until-time.time()))
        try: c = s.recv(65536)
        except socket.timeout: break
        except OSError: yield None, b'RST'; return
        if not c: yield None, b'FIN'; return
        buf += c
if kind == 'auth':
    s, st, rest_b = shake(rest); t = time.time(); print('status', st, end='; ')
    if '101' in st:
        if first: s.sendall(frame(1, first.encode()))
        for op, d in frames(s, rest_b, t+13):
            if op == 9: s.sendall(frame(10, d)); continue
            print(f"{time.time()-t:.2f}s op={op} {d[:60]!r}", end='; ')
            if op in (8, None): break
        else: print('still open after 13 s', end='')
    print()
elif kind == 'idle':
    s, st, b = shake(rest); t = last = time.time(); gaps = []; n = 0; ops = set()
    if first: s.sendall(frame(1, first.encode()))
    for op, d in frames(s, b, t+125):
        now = time.time(); gaps.append(now-last); last = now; n += 1; ops.add(op)
        if op == 9: s.sendall(frame(10, d))
        if op == 1 and d == b'2': s.sendall(frame(1, b'3'))
        if op in (8, None): break
    gaps.append(time.time()-last)
    print(f"idle: frames {n} ops {ops} longest gap {max(gaps):.1f} s over {time.time()-t:.0f} s")
elif kind == 'spike':
    s, st, b = shake(rest); t = time.time(); ended = None; pings = 0
    if first: s.sendall(frame(1, first.encode()))
    def late(f): 
        time.sleep(5)
        try: s.sendall(f)
        except OSError: pass
    for op, d in frames(s, b, t+70):
        if op == 9: pings += 1; threading.Thread(target=late, args=(frame(10, d),), daemon=True).start()
        if op == 1 and d == b'2': pings += 1; threading.Thread(target=late, args=(frame(1, b'3'),), daemon=True).start()
        if op in (8, None): ended = (op, d, round(time.time()-t, 1)); break
    print('spike: every pong 5 s late; pings', pings, 'ended', ended)
elif kind == 'metrics':
    url = rest[0]
    def get():
        try: return {l.rsplit(' ',1)[0]: float(l.rsplit(' ',1)[1]) for l in urllib.request.urlopen(url).read().decode().splitlines() if l and l[0] != '#' and re.search('conn|client|session|socket', l)}
        except Exception as e: return {'error': str(e)}
    a = get(); ss = [shake()[0] for _ in range(100)]; time.sleep(1); b = get()
    for s in ss: s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii',1,0)); s.close()
    ss = [shake()[0] for _ in range(100)]; time.sleep(2); c = get()
    for s in ss: s.close()
    time.sleep(2); d = get()
    for k in b: print(k, a.get(k), b[k], c.get(k), d.get(k))
