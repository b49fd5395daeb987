"""Without Holdfast: one raw handshake each from a foreign page, with a close frame, with a reserved opcode. usage: manners_by_hand.py PORT"""
import base64, os, socket, sys, time
port = int(sys.argv[1])
def shake(origin=None):
    s = socket.create_connection(("127.0.0.1", port)); s.settimeout(7)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = ["GET / HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
    if origin: lines.append(f"Origin: {origin}")
    s.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = b""
    while b"\r\n\r\n" not in head:
        part = s.recv(1)
        if not part: break
        head += part
    return s, head.split(b"\r\n")[0].decode()
def frames(s):
    t = time.time(); data = b""
    try:
        while True:
            part = s.recv(4096)
            if not part: return data, "FIN", time.time() - t
            data += part
    except socket.timeout: return data, "open", time.time() - t
    except ConnectionResetError: return data, "RST", time.time() - t
def code(data):
    return int.from_bytes(data[2:4], "big") if data[:1] == b"\x88" and len(data) >= 4 else None
s, line = shake("https://evil.example"); print("foreign origin:", line); s.close()
s, _ = shake(); s.sendall(b"\x88\x82\0\0\0\0" + (1000).to_bytes(2, "big")); d, how, took = frames(s); print("close 1000: answered", code(d), "then", how, f"{took*1000:.0f} ms")
s, _ = shake(); s.sendall(b"\x83\x80\0\0\0\0"); d, how, took = frames(s); print("reserved opcode: code", code(d), "then", how)
