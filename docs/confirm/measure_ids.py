#!/usr/bin/env python3
"""Ids and replay of the servers that push by themselves: two sessions at once, a cut of 5 s, a return with the last id where the
protocol has a way to say it, and a witness that was never cut. Raw sockets and the standard library alone.

    measure_ids.py NAME --lab DIR --out raw
"""
import argparse, fcntl, json, os, re, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.argv, argv = [sys.argv[0], "-"], sys.argv[1:]
source = open(os.path.join(HERE, "measure_server.py")).read().rsplit("\nmain()", 1)[0]
lab = {"__name__": "lab", "__file__": os.path.join(HERE, "measure_server.py")}
exec(compile(source, "measure_server.py", "exec"), lab)


def objects(payload):
    for line in payload.decode("utf8", "replace").split("\n"):
        try:
            yield json.loads(line)
        except ValueError:
            yield line


def centrifuge_id(o):
    return o["push"]["pub"]["offset"] if isinstance(o, dict) and "pub" in o.get("push", {}) else None


def socketio_id(o):                                               # 42["tick",{"tick":7},"offset"]
    match = isinstance(o, str) and re.match(r'^42\["tick",.*,"([^"]+)"\]$', o)
    return match.group(1) if match else None


def hardhat_id(o):
    return int(o["params"]["result"]["number"], 16) if isinstance(o, dict) and o.get("method") == "eth_subscription" else None


def eventlet_id(o):                                               # "0 17 0.4711": a counter of this connection alone
    return o if isinstance(o, str) and o else None


def time_id(o):
    return o.get("time") if isinstance(o, dict) else None


KNOWN = {"centrifuge-server": centrifuge_id, "socketio-server": socketio_id, "hardhat-heads": hardhat_id, "eventlet-data": eventlet_id,
         "websockets-broadcast": time_id}


def take(ws, ids, identify, seconds, others):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            op, _, payload = ws.get(max(0.001, end - time.monotonic()))
        except TimeoutError:
            return
        if op == 9:
            ws.send(payload, 10)
        if op not in (1, 2):
            continue
        for o in objects(payload):
            if o == {} or o == "2":
                ws.send(b"{}" if o == {} else b"3")
            value = identify(o)
            if value is not None:
                ids.append(value)
            elif o != "":
                others.append(o if isinstance(o, dict) else str(o)[:200])


def main():
    import threading
    parser = argparse.ArgumentParser()
    parser.add_argument("name"); parser.add_argument("--lab", default="/tmp/lab"); parser.add_argument("--out", default=os.path.join(HERE, "raw"))
    options = parser.parse_args(argv)
    entry = next(e for e in json.load(open(os.path.join(HERE, "programs.json"))) if e["name"] == options.name)
    identify = KNOWN[options.name]
    server = lab["Server"](entry, options.lab)
    witness, victim = server.connect(), server.connect()
    seen = {"witness": [], "victim": [], "after": []}
    others = {"witness": [], "victim": [], "after": []}
    threads = [threading.Thread(target=take, args=(witness, seen["witness"], identify, 30, others["witness"])),
               threading.Thread(target=take, args=(victim, seen["victim"], identify, 12, others["victim"]))]
    [t.start() for t in threads]
    threads[1].join()
    last = seen["victim"][-1]
    victim.rst()
    time.sleep(5)
    spec = dict(server.spec)
    how = "nothing to say it with"
    if options.name == "centrifuge-server":
        spec["first"] = json.dumps({"id": 1, "connect": {"subs": {"ticks": {"recover": True, "offset": last}}}})
        how = spec["first"]
    if options.name == "socketio-server":
        pid = next(json.loads(o[2:])["pid"] for o in others["victim"] if isinstance(o, str) and o.startswith('40{'))
        spec["first"] = "40" + json.dumps({"pid": pid, "offset": last})
        how = '40{"pid": ..., "offset": last}'
    again = lab["Ws"](server.port, spec)
    # What the centrifuge library replays comes inside the answer to `connect`.
    take(again, seen["after"], identify, 6, others["after"])
    for o in others["after"]:
        if isinstance(o, dict) and "connect" in o:
            subs = o["connect"].get("subs", {}).get("ticks", {})
            seen["after"][:0] = [p["offset"] for p in subs.get("publications", [])]
    threads[0].join()
    server.stop()
    w = seen["witness"]
    both = set(w) & set(seen["victim"])
    fact = {"messages": {k: len(v) for k, v in seen.items()}, "withoutId": {k: len(v) for k, v in others.items()},
            "unique": len(set(w)) == len(w), "sharedOfVictim": round(len(both) / max(1, len(seen["victim"])), 3),
            "dense": all(isinstance(x, int) for x in w) and w == list(range(w[0], w[0] + len(w))), "examples": [str(x) for x in w[:2]], "resumeWith": how}
    if last in w:
        at = w.index(last)
        upto = max((w.index(x) for x in seen["after"] if x in w), default=at)
        should = w[at + 1:upto + 1]
        fact.update(missed=len(should), lost=len([x for x in should if x not in seen["after"]]),
                    duplicated=len(seen["after"]) - len(set(seen["after"])) + len(set(seen["after"]) & set(seen["victim"])),
                    inOrder=[x for x in seen["after"] if x in w] == sorted((x for x in seen["after"] if x in w), key=w.index))
    os.makedirs(options.out, exist_ok=True)
    path = os.path.join(options.out, f"{options.name}.json")
    with open(f"/tmp/lab-{options.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = json.load(open(path)) if os.path.exists(path) else {}
        with open(path, "w") as file:
            json.dump({**known, "ids": fact}, file, indent=1)
    print(options.name, json.dumps(fact))


main()
