#!/usr/bin/env python3
"""A client with the server of its own protocol, a relay of bytes between them, cut by RST for 5 s while messages flow: what the client's
application saw (its own lines on stdout). Standard library alone.

    measure_pair.py CLIENT --lab DIR --out raw
"""
import argparse, asyncio, fcntl, json, os, shlex, signal, socket, struct, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys_argv, sys.argv = sys.argv[1:], [sys.argv[0], "-"]
lab = {"__name__": "lab", "__file__": os.path.join(HERE, "measure_server.py")}
exec(compile(open(os.path.join(HERE, "measure_server.py")).read().rsplit("\nmain()", 1)[0], "measure_server.py", "exec"), lab)


async def run(entry, server_entry, directory):
    server = lab["Server"](server_entry, directory)
    live, state = set(), {"cut": False}

    def rst(writer):
        sock = writer.get_extra_info("socket")
        if sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async def pump(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    async def accept(reader, writer):
        if state["cut"]:
            return rst(writer)
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", server.port)
        pair = (writer, up_writer)
        live.add(pair)
        try:
            await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer), return_exceptions=True)
        except asyncio.CancelledError:
            pass
        live.discard(pair)

    relay = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = relay.sockets[0].getsockname()[1]
    command = entry["command"].replace("{dir}", os.path.join(directory, entry["name"]))
    path = entry["args"][entry["args"].index("--path") + 1] if "--path" in entry["args"] else "/"
    proc = subprocess.Popen(shlex.split(command), env={**os.environ, "TARGET_URL": f"ws://127.0.0.1:{port}{path}"}, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    await asyncio.sleep(8)
    state["cut"] = True
    for pair in list(live):
        [rst(w) for w in pair]
    await asyncio.sleep(5)
    state["cut"] = False
    await asyncio.sleep(25)
    os.killpg(proc.pid, signal.SIGKILL)
    lines = [json.loads(l) for l in proc.communicate()[0].decode().splitlines() if l.startswith("{")]
    server.stop()
    relay.close()
    ids = [l["id"] for l in lines if l["event"] == "message"]
    return {"opens": [l for l in lines if l["event"] == "open"], "messages": len(ids), "first": ids[0], "last": ids[-1],
            "lost": len(set(range(ids[0], ids[-1] + 1)) - set(ids)), "duplicated": len(ids) - len(set(ids)), "inOrder": ids == sorted(ids)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name"); parser.add_argument("--lab", default="/tmp/lab"); parser.add_argument("--out", default=os.path.join(HERE, "raw"))
    options = parser.parse_args(sys_argv)
    entries = {e["name"]: e for e in json.load(open(os.path.join(HERE, "programs.json")))}
    entry = entries[options.name]
    fact = asyncio.run(run(entry, entries[entry["server"]], options.lab))
    path = os.path.join(options.out, f"{options.name}.json")
    with open(f"/tmp/lab-{options.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = json.load(open(path)) if os.path.exists(path) else {}
        with open(path, "w") as file:
            json.dump({**known, "pair": fact}, file, indent=1)
    print(options.name, json.dumps(fact))


main()
