#!/usr/bin/env python3
"""truth.py NAME COMMAND...: raw facts about a WebSocket client, raw sockets and standard library only. {url} in COMMAND or TARGET_URL."""
import asyncio, base64, hashlib, json, os, shlex, signal, socket, statistics, struct, subprocess, sys, time
name, command = sys.argv[1], sys.argv[2]
parts = sys.argv[3].split(',') if len(sys.argv) > 3 else ['flap', '401', '403', '429', '503', 'goodbye', 'outage']
now = time.monotonic

class Port:
    def __init__(s):
        s.mode = 'open'; s.log = []; s.live = set(); s.seq = 1000; s.open_writers = set()
    async def start(s):
        s.server = await asyncio.start_server(s.serve, '127.0.0.1', 0)
        s.port = s.server.sockets[0].getsockname()[1]
        s.proc = subprocess.Popen(shlex.split(command.replace('{url}', f'ws://127.0.0.1:{s.port}/')), env={**os.environ, 'TARGET_URL': f'ws://127.0.0.1:{s.port}/', 'PYTHONUNBUFFERED': '1'}, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    def stop(s):
        try: os.killpg(s.proc.pid, signal.SIGKILL)
        except ProcessLookupError: pass
    async def serve(s, r, w):
        e = {'start': now(), 'end': None, 'code': None, 'answered': None, 'status': None}; s.log.append(e)
        try:
            if s.mode == 'refuse':
                try: await asyncio.wait_for(r.read(1), 1)
                except asyncio.TimeoutError: pass
                return s.rst(w)
            head = (await r.readuntil(b'\r\n\r\n')).decode('latin1')
            if s.mode.isdigit():
                ra = 'Retry-After: 20\r\n' if s.mode in ('429', '503') else ''
                w.write(f'HTTP/1.1 {s.mode} No\r\n{ra}Content-Length: 0\r\nConnection: close\r\n\r\n'.encode()); await w.drain(); e['status'] = s.mode; return
            f = {k.strip().lower(): v.strip() for k, _, v in (l.partition(':') for l in head.split('\r\n')[1:])}
            acc = base64.b64encode(hashlib.sha1((f['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').encode()).digest()).decode()
            sub = f"Sec-WebSocket-Protocol: {f['sec-websocket-protocol'].split(',')[0]}\r\n" if f.get('sec-websocket-protocol') else ''
            w.write(f'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {acc}\r\n{sub}\r\n'.encode()); await w.drain()
            e['status'] = 101
            if s.mode == 'flap': return
            s.open_writers.add(w); w.e = e
            t = asyncio.create_task(s.push(w))
            try:
                while True:
                    h = await r.readexactly(2); n = h[1] & 127
                    if n == 126: n = struct.unpack('>H', await r.readexactly(2))[0]
                    if n == 127: n = struct.unpack('>Q', await r.readexactly(8))[0]
                    k = await r.readexactly(4) if h[1] & 128 else b'\0' * 4
                    d = bytes(b ^ k[i & 3] for i, b in enumerate(await r.readexactly(n)))
                    if h[0] & 15 == 8:
                        e['answered'] = now()
                        if not e['code']: w.write(bytes([0x88, len(d)]) + d)
                        return
                    if h[0] & 15 == 9: w.write(bytes([0x8a, len(d)]) + d)
            finally: t.cancel(); s.open_writers.discard(w)
        except (asyncio.IncompleteReadError, ConnectionError, OSError): pass
        finally:
            e['end'] = e['end'] or now()
            try: w.close()
            except Exception: pass
    async def push(s, w):
        try:
            while not w.e['code']:
                s.seq += 1; p = json.dumps({'seq': s.seq}).encode(); w.write(bytes([0x81, len(p)]) + p); await asyncio.sleep(.2)
        except Exception: pass
    def rst(s, w):
        try: w.get_extra_info('socket').setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        except Exception: pass
        w.transport.abort()
    def cut(s):
        for w in list(s.open_writers): w.e['end'] = now(); s.rst(w)
    def bye(s, code):
        for w in list(s.open_writers): w.e['code'] = (code, now()); w.write(bytes([0x88, 2]) + struct.pack('>H', code))
    def up(s): return bool(s.open_writers)
    def delays(s, since):
        out, free = [], since
        for e in [e for e in s.log if e['start'] >= since]:
            out.append(round(e['start'] - free, 3)); free = e['end'] or now()
        return out

async def until(f, limit):
    end = now() + limit
    while now() < end and not f(): await asyncio.sleep(.02)
    return f()
async def many(n):
    ps = [Port() for _ in range(n)]
    for p in ps: await p.start()
    await until(lambda: all(p.up() for p in ps), 30); await asyncio.sleep(6)
    return ps
mean = lambda l: round(statistics.mean(l), 3) if l else None
async def flap():
    ps = await many(8); t = now()
    for p in ps: p.mode = 'flap'; p.cut()
    await until(lambda: all(len(p.delays(t)) >= 20 for p in ps), 60)
    ds = [p.delays(t) for p in ps]; [p.stop() for p in ps]
    k = min(map(len, ds))
    return {'perProcess': ds[:3], 'means': [mean([d[i] for d in ds]) for i in range(k)]}
async def status(code):
    [p] = await many(1); t = now(); p.mode = code; p.cut()
    await until(lambda: len(p.delays(t)) > 0, 35); a = now()
    await asyncio.sleep(30 if code[0:2] == '40' else 50)
    d = p.delays(t); first = [e['start'] for e in p.log if e['start'] >= t]
    r = {'attemptsIn30s': len([x for x in first if x < first[0] + 30]) if first else None, 'delays': d[:12], 'exit': p.proc.poll()}
    p.stop(); return r
async def goodbye():
    ps = await many(8); out = {}
    for i, code in enumerate([1001, 1013, 1001]):
        t = now()
        for p in ps: p.bye(code)
        await until(lambda: all(any(e['start'] > t and e['status'] == 101 for e in p.log) for p in ps), 60)
        res = []
        for p in ps:
            old = [e for e in p.log if e['code'] and e['code'][1] >= t]
            new = [e for e in p.log if e['start'] >= t]
            res.append((round(old[0]['answered'] - t, 3) if old and old[0]['answered'] else None, round(new[0]['start'] - (old[0]['end'] or t), 3) if new and old else None))
        back = [b for _, b in res if b is not None]
        out[f'{i}:{code}'] = {'leave': [a for a, _ in res], 'back': back, 'mean': mean(back), 'cv': round(statistics.pstdev(back) / statistics.mean(back), 4) if len(back) > 1 and statistics.mean(back) > 0 else None}
        await asyncio.sleep(10)
    [p.stop() for p in ps]; return out
async def outage():
    ps = await many(8); t = now()
    for p in ps: p.mode = 'refuse'
    for p in ps: p.cut()
    await asyncio.sleep(70); ds = [p.delays(t) for p in ps]; end = now()
    firsts = sorted(next((e['start'] for e in p.log if e['start'] >= t), 1e9) - t for p in ps)
    peak = max(sum(1 for x in firsts if a <= x < a + .1) for a in firsts)
    for p in ps: p.mode = 'open'
    await until(lambda: all(p.up() for p in ps), 90); back = [p.up() for p in ps]
    await asyncio.sleep(30); t2 = now()
    for p in ps: p.mode = 'refuse'
    for p in ps: p.cut()
    await asyncio.sleep(20); d2 = [p.delays(t2) for p in ps]; [p.stop() for p in ps]
    k = min(map(len, ds))
    return {'firsts': [round(x, 3) for x in firsts], 'peakPer100ms': peak, 'means': [mean([d[i] for d in ds]) for i in range(k)], 'cv': [round(statistics.pstdev([d[i] for d in ds]) / max(1e-9, statistics.mean([d[i] for d in ds])), 3) for i in range(k)], 'back': sum(back), 'second': [d[:3] for d in d2]}
async def main():
    todo = {q: (flap() if q == 'flap' else goodbye() if q == 'goodbye' else outage() if q == 'outage' else status(q)) for q in parts}
    res = dict(zip(todo, await asyncio.gather(*todo.values())))
    json.dump(res, open(f'truth-{name}.json', 'w'))
    print(name)
    for k, v in res.items(): print(' ', k, json.dumps(v)[:900])
asyncio.run(main())
