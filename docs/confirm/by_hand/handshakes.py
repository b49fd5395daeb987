# own measurement: raw sockets; what does the program itself print when answered wrongly?
import socket, subprocess, sys, os, hashlib, base64, threading, time, json
G="258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
def one(cmd, kind):
    srv=socket.socket(); srv.bind(("127.0.0.1",0)); srv.listen(8); port=srv.getsockname()[1]
    got=[]
    def serve():
        while True:
            try: c,_=srv.accept()
            except OSError: return
            d=b""
            while b"\r\n\r\n" not in d:
                x=c.recv(4096)
                if not x: break
                d+=x
            h={l.split(b":",1)[0].strip().lower():l.split(b":",1)[1].strip() for l in d.split(b"\r\n")[1:] if b":" in l}
            key=h.get(b"sec-websocket-key",b"").decode()
            acc=base64.b64encode(hashlib.sha1((key+G).encode()).digest()).decode()
            if kind=="accept": acc=base64.b64encode(b"x"*20).decode()
            st="200 OK\r\nContent-Length: 0" if kind=="200" else "101 Switching Protocols"
            pr=h.get(b"sec-websocket-protocol",b"").decode().split(",")[0]
            if kind=="proto": pr="other"
            c.sendall(f"HTTP/1.1 {st}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {acc}\r\n{'Sec-WebSocket-Protocol: '+pr+chr(13)+chr(10) if pr else ''}\r\n".encode())
            time.sleep(.3)
            try: c.sendall(b"\x81\x02{}")
            except OSError: pass
            def rd():
                try:
                    while True:
                        x=c.recv(4096)
                        if not x: got.append("end"); return
                        got.append(x[:1].hex())
                except OSError: got.append("rst")
            threading.Thread(target=rd,daemon=True).start()
    threading.Thread(target=serve,daemon=True).start()
    p=subprocess.Popen(cmd,shell=True,env={**os.environ,"TARGET_URL":f"ws://127.0.0.1:{port}/x","PYTHONUNBUFFERED":"1"},stdout=subprocess.PIPE,stderr=subprocess.STDOUT,text=True,start_new_session=True)
    time.sleep(4)
    import signal
    try: os.killpg(p.pid,signal.SIGKILL)
    except OSError: pass
    out=p.stdout.read(); srv.close()
    return ("accepted" if "OPEN" in out else "refused")+f" [{out.strip().splitlines()[-1][:60] if out.strip() else ''}; wire {got[:3]}]"
for name,cmd in json.load(open("programs.json")).items():
    if len(sys.argv)>1 and name not in sys.argv[1:]: continue
    print(name, {k: one(cmd,k) for k in ["right","200","accept","proto"]}, flush=True)
