"""Without Holdfast: raw sockets. usage: truth.py NAME PORT PATH FORM(text|json:FIELD|none) [FIRST] -- CMD...   (PORT in env too)"""
import asyncio, base64, json, os, random, signal, string, struct, subprocess, sys, time
args = sys.argv[1:]; cut = args.index('--'); name, port, path, form, *first = args[:cut]; cmd = args[cut+1:]; port = int(port)
now = time.monotonic
class C:
    def __init__(s): s.frames=[]; s.close=None; s.closeAt=None; s.endAt=None; s.how=None; s.status=None; s.w=None
    async def open(s, timeout=5):
        try:
            s.r, s.w = await asyncio.wait_for(asyncio.open_connection('127.0.0.1', port), timeout)
            key = base64.b64encode(os.urandom(16)).decode()
            s.w.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
            head = await asyncio.wait_for(s.r.readuntil(b'\r\n\r\n'), timeout)
            s.status = int(head.split()[1])
        except Exception as e: s.status = type(e).__name__
        if s.status == 101:
            if first: s.send(first[0].encode())
            s.task = asyncio.create_task(s.read())
        return s
    def frame(s, op, p):
        n=len(p); h = bytes([0x80|op]) + (bytes([0x80|n]) if n<126 else bytes([0x80|126])+struct.pack('>H',n)) + b'\0\0\0\0'
        try: s.w.write(h+p)
        except Exception: pass
    def send(s,p): s.frame(1,p)
    async def read(s):
        try:
            while True:
                h = await s.r.readexactly(2); op=h[0]&15; n=h[1]&127
                if n==126: n=struct.unpack('>H',await s.r.readexactly(2))[0]
                elif n==127: n=struct.unpack('>Q',await s.r.readexactly(8))[0]
                p = await s.r.readexactly(n)
                if op==8:
                    s.close=(struct.unpack('>H',p[:2])[0] if n>1 else None, p[2:].decode(errors='replace')); s.closeAt=now(); s.frame(8,p[:2])
                elif op==9: s.frame(10,p)
                elif op in (0,1,2): s.frames.append((now(),p))
        except asyncio.IncompleteReadError: s.how='FIN'
        except ConnectionResetError: s.how='RST'
        except Exception as e: s.how=type(e).__name__
        s.endAt=now(); 
        try: s.w.close()
        except Exception: pass
def tok(): return ''.join(random.choices(string.ascii_lowercase,k=16))
def msg(t):
    if form=='text': return ('m '+t+' x'*40).encode()
    f=form.split(':')[1]; return json.dumps({f:t,'type':'echo','id':t}).encode()
def peak(ts,w=.1):
    ts=sorted(ts); return max((sum(1 for u in ts if t<=u<t+w) for t in ts), default=0)
def start():
    env={**os.environ,'PORT':str(port),'HOST':'127.0.0.1','PYTHONUNBUFFERED':'1'}
    return subprocess.Popen(cmd,env=env,stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL)
async def ready():
    for _ in range(600):
        c=await C().open(2)
        if c.status==101: c.w.close(); return
        await asyncio.sleep(.1)
    sys.exit('never ready')
def owner(p):
    out=subprocess.run(['sh','-c',f"ss -ltnp 'sport = :{port}'"],capture_output=True,text=True).stdout
    import re; m=re.search(r'pid=(\d+)',out); return int(m.group(1)) if m else p.pid
async def shutdown():
    p=start(); await ready()
    crowd=[]
    for _ in range(10): crowd += await asyncio.gather(*[C().open() for _ in range(20)])
    crowd=[c for c in crowd if c.status==101]
    talk=[await C().open() for _ in range(4)]
    sent={}; stop=False
    async def flow():
        i=0
        while not stop:
            await asyncio.sleep(.05); i+=1; c=talk[i%4]
            if form=='none' or c.closeAt or c.endAt: continue
            t=tok(); sent[t]=(now(),i%4); c.send(msg(t))
    f=asyncio.create_task(flow()); await asyncio.sleep(4)
    sig=now(); os.kill(owner(p),signal.SIGTERM)
    late=[]
    async def knock():
        await asyncio.sleep(.5)
        while now()-sig<10 and p.poll() is None and len(late)<8:
            c=await C().open(3); ok=c.status
            if ok==101:
                await asyncio.sleep(1); ok='101 open' if not (c.endAt or c.closeAt) or c.frames else '101 then closed'; c.w.close()
            late.append(ok); await asyncio.sleep(.3)
    k=asyncio.create_task(knock())
    while now()-sig<75 and (p.poll() is None or any(c.endAt is None for c in crowd)): await asyncio.sleep(.02)
    exited=now()-sig; stop=True; await k
    left=[min(c.endAt,(c.closeAt or 9e9)+2)-sig for c in crowd if c.endAt]
    def got(t,c): return any(t.encode() in p for _,p in c.frames)
    judged=[(t,a,i) for t,(a,i) in sent.items() if sig-2<a<sig-.1]; base=[(t,a,i) for t,(a,i) in sent.items() if a<sig-2]
    echo=any(got(t,talk[i]) for t,_,i in base); bc=any(got(t,talk[(i+1)%4]) for t,_,i in base)
    def whole(t,i): return all(got(t,talk[j]) for j in range(4) if (j==i and echo) or (j!=i and bc))
    lost=[sig-a for t,a,i in judged if not whole(t,i)]
    basel=[1 for t,a,i in base if not whole(t,i)]
    codes={}
    for c in crowd: codes[str((c.close,c.how))]=codes.get(str((c.close,c.how)),0)+1
    rc=p.poll()
    print(json.dumps(dict(name=name,crowd=len(crowd),left=len(left),peak100=peak(left),spreadMs=round(1e3*(max(left)-min(left))) if left else None,codes=dict(list(codes.items())[:4]),exitS=round(exited,2) if rc is not None else None,rc=rc,late=late,echo=echo,bc=bc,judged=len(judged),lost=len(lost),lostAgo=[round(x,2) for x in lost[:5]],baseLost=len(basel))),flush=True)
    p.kill() if p.poll() is None else None; subprocess.run(['sh','-c',f"kill -9 {owner(p)} 2>/dev/null"]) if p.poll() is None else None
async def limits():
    p=start(); await ready(); c=await C().open(); h=await C().open(); sent=0; t0=now(); toks=[]
    if form!='none':
        while sent<6500 and c.endAt is None and c.closeAt is None:
            due=min(6500,int((now()-t0)*1000))
            while sent<due: t=tok(); toks.append(t); c.send(msg(t)); sent+=1
            await asyncio.sleep(.002)
        took=now()-t0; await asyncio.sleep(6)
        both=b' '.join(x for _,x in c.frames+h.frames); ans=sum(t.encode() in both for t in toks[::10])*10
        odd=[x[:80].decode(errors='replace') for _,x in c.frames if b'imit' in x or b'too' in x][:2]
        print(json.dumps(dict(name=name,sent=sent,took=round(took,2),answered=ans,close=c.close,how=c.how,odd=odd)),flush=True)
    p.terminate(); 
    try: p.wait(5)
    except Exception: p.kill()
    await asyncio.sleep(1); p=start(); await ready(); t0=now(); tasks=[]; cs=[]
    async def one(): x=await C().open(); cs.append(x)
    while len(tasks)<1100:
        due=min(1100,int((now()-t0)*200))
        while len(tasks)<due: tasks.append(asyncio.create_task(one()))
        await asyncio.sleep(.005)
    await asyncio.gather(*tasks); await asyncio.sleep(1.5)
    st={}
    for x in cs:
        k=str(x.status)+(f' {x.close} {x.how}' if x.endAt or x.closeAt else ''); st[k]=st.get(k,0)+1
    print(json.dumps(dict(name=name,connects=st,alive=p.poll() is None)),flush=True); p.kill()
    try: os.kill(owner(p),9)
    except Exception: pass
asyncio.run(shutdown()) if os.environ.get('ONLY')!='limits' else None
asyncio.run(limits()) if os.environ.get('ONLY')!='shutdown' else None
