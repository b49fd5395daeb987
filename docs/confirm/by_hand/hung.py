"""Without Holdfast: accepts TCP and never answers; prints how long each connection of the client lasts. usage: hung_by_hand.py CMD..."""
import os, socket, subprocess, sys, threading, time
l = socket.socket(); l.bind(("127.0.0.1", 0)); l.listen(); l.settimeout(75)
def hold(c, t):
    while c.recv(4096): pass
    print(f"  given up after {time.time()-t:.1f} s", flush=True)
p = subprocess.Popen(sys.argv[1:], env={**os.environ, "TARGET_URL": f"ws://127.0.0.1:{l.getsockname()[1]}/"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
end = time.time() + 70
try:
    while time.time() < end:
        l.settimeout(max(0.1, end - time.time())); c, _ = l.accept(); print("  connection", flush=True)
        threading.Thread(target=lambda c=c, t=time.time(): hold(c, t), daemon=True).start()
except socket.timeout: pass
p.kill(); print("  end of 70 s")
