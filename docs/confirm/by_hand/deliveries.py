# own measurement, raw sockets: numbered feed with ?last= replay, 80 ms under way each direction, 4 resets at random; then 4 bad frames
import socket, struct, subprocess, sys, os, hashlib, base64, threading, time, json, random, re, signal
G="258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
class Srv:
    def __init__(self):
        self.s=socket.socket(); self.s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1); self.s.bind(("127.0.0.1",0)); self.s.listen(16); self.port=self.s.getsockname()[1]
        self.n=500000000; self.base=self.n; self.conns=[]; self.arrived=[]; self.conn_count=0; self.shut=False
        threading.Thread(target=self.acc,daemon=True).start(); threading.Thread(target=self.push,daemon=True).start()
    def frame(self,b,op=0x81): return bytes([op,len(b)])+b
    def acc(self):
        while True:
            try: c,_=self.s.accept()
            except OSError: return
            threading.Thread(target=self.serve,args=(c,),daemon=True).start()
    def serve(self,c):
        d=b""
        try:
            while b"\r\n\r\n" not in d:
                x=c.recv(4096)
                if not x: return
                d+=x
            if self.shut: self.rst(c); return
            key=re.search(rb"(?i)sec-websocket-key: *(\S+)",d).group(1).decode()
            acc=base64.b64encode(hashlib.sha1((key+G).encode()).digest()).decode()
            c.sendall(f"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {acc}\r\n\r\n".encode())
        except Exception: return
        self.conn_count+=1
        o={"c":c,"q":[],"dead":False,"up":[]}
        m=re.search(rb"[?&]last=(\d+)",d)
        if m:
            for k in range(int(m.group(1))+1,self.n): self.put(o,k)
        self.conns.append(o)
        threading.Thread(target=self.send,args=(o,),daemon=True).start()
        buf=d.split(b"\r\n\r\n",1)[1]
        try:
            while True:
                while len(buf)>=6:
                    ln=buf[1]&127; h=2
                    if ln==126: ln=struct.unpack(">H",buf[2:4])[0]; h=4
                    if len(buf)<h+4+ln: break
                    mk=buf[h:h+4]; p=bytes(b^mk[i%4] for i,b in enumerate(buf[h+4:h+4+ln])); op=buf[0]&15; buf=buf[h+4+ln:]
                    if op==8: c.sendall(self.frame(p[:2],0x88)); c.close(); o["dead"]=True; return
                    if op==1: o["up"].append((time.time()+.08,p)); threading.Timer(.08,self.arrive,(o,p)).start()
                x=c.recv(65536)
                if not x: break
                buf+=x
        except OSError: pass
        o["dead"]=True
        c.close()
    def arrive(self,o,p):
        if not o.get("cut"): self.arrived.append(p)
    def put(self,o,k): o["q"].append((time.time()+.08,self.frame(json.dumps({"type":"message","seq":k}).encode())))
    def send(self,o):
        while not o["dead"]:
            while o["q"] and o["q"][0][0]<=time.time():
                try: o["c"].sendall(o["q"].pop(0)[1])
                except OSError: o["dead"]=True
            time.sleep(.005)
    def push(self):
        while True:
            k=self.n; self.n+=1
            for o in list(self.conns):
                if not o["dead"]: self.put(o,k)
            time.sleep(.1)
    def rst(self,c):
        c.setsockopt(socket.SOL_SOCKET,socket.SO_LINGER,struct.pack("ii",1,0)); 
        try: c.shutdown(socket.SHUT_RD)
        except OSError: pass
        c.close()
    def cut(self):
        for o in self.conns:
            if not o["dead"]: o["cut"]=True; o["dead"]=True; self.rst(o["c"])
        self.conns=[]
    def bad(self,b):
        for o in self.conns:
            if not o["dead"]: o["q"].append((time.time(),self.frame(b)))
def start(cmd,srv):
    out=[]
    p=subprocess.Popen(cmd,shell=True,env={**os.environ,"TARGET_URL":f"ws://127.0.0.1:{srv.port}/x","PYTHONUNBUFFERED":"1"},stdout=subprocess.PIPE,stderr=subprocess.DEVNULL,text=True,start_new_session=True)
    def rd():
        for l in p.stdout:
            try: out.append((time.time(),json.loads(l)))
            except ValueError: pass
    threading.Thread(target=rd,daemon=True).start(); return p,out
def kill(p):
    try: os.killpg(p.pid,signal.SIGKILL)
    except OSError: pass
def cuts(cmd):
    s=Srv(); p,out=start(cmd,s); t0=time.time()
    while not s.conns and time.time()-t0<20: time.sleep(.05)
    time.sleep(3)
    for i in range(4):
        s.shut=True; s.cut(); time.sleep(1); s.shut=False
        t=time.time(); n=len(s.conns)
        while not [o for o in s.conns if not o["dead"]] and time.time()-t<30: time.sleep(.05)
        time.sleep(random.random()*4+.5)
    back=time.time(); time.sleep(8); kill(p)
    ids=[m["id"] for _,m in out if m.get("event")=="message" and m.get("id")]
    r={}
    if ids:
        seen=set(); dup=reo=0; mx=0
        for i in ids:
            if i in seen: dup+=1; continue
            seen.add(i); reo+= i<mx; mx=max(mx,i)
        r=dict(got=len(seen),lost=len(set(range(min(ids),max(ids)+1))-seen),dup=dup,reord=reo)
    sent=[m["id"] for t,m in out if m.get("event")=="sent" and t<back]
    if sent:
        txt=b"\n".join(s.arrived).decode()
        r["sent"]=len(sent); r["sentLost"]=sum(('"%s"'%x) not in txt for x in sent)
    return r
def bad(cmd):
    res={}
    for k,b in {"empty":b"","notjson":b"{nope","html":b"<html><body>502</body></html>","utf8":b'"\xc0\x80\xed\xa0\x80"'}.items():
        s=Srv(); p,out=start(cmd,s); t0=time.time()
        while not s.conns and time.time()-t0<20: time.sleep(.05)
        time.sleep(2); s.bad(b); time.sleep(1); n=s.n; time.sleep(8)
        later=[m for t,m in out if m.get("event")=="message" and (m.get("id") or 0)>n]
        res[k]=("dead" if p.poll() is not None else "alive")+f",{len(later)} later,{s.conn_count} conns"
        kill(p)
    return res
for name,cmd in json.load(open("programs.json")).items():
    if len(sys.argv)>2 and name not in sys.argv[2:]: continue
    print(name,(cuts if sys.argv[1]=="cuts" else bad)(cmd),flush=True)
