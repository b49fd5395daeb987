#!/usr/bin/env python3
"""truth.json from raw/*.json: program, check, outcome, and the fact it rests on. The rules are the checklist's, applied by hand-written
code that shares nothing with Holdfast; what no rule decides is said in BY_HAND, with its reason."""
import json, os, statistics

HERE = os.path.dirname(os.path.abspath(__file__))
MiB = 1 << 20
SERVER = ["no-heartbeat", "leaked-session", "unanswered-ping", "no-sequence-id", "no-replay", "abrupt-shutdown", "accepts-while-draining",
          "hung-shutdown", "unbounded-buffer", "slow-neighbour", "unbounded-message", "storm-collapse"]
CLIENT = ["no-reconnect", "fixed-retry", "hot-retry", "no-jitter", "silent-disconnect", "no-resume"]

BY_HAND = json.load(open(os.path.join(HERE, "by_hand.json")))


def s(ms):
    return f"{ms / 1000:.1f} s"


def server(entry, raw):
    kind = entry["measure"]["kind"]
    out = {}
    idle = raw["idle"]
    if kind == "push":
        out["no-heartbeat"] = ("skipped", "pushes all the time, never silent")
    else:
        longest = idle["longestSilenceMs"]
        out["no-heartbeat"] = ("pass" if longest <= 35000 else "fail",
                               f"longest silence {s(longest)} of {idle['seconds']} s, {idle['framesByOpcode'].get('9', 0)} pings")
    frozen, drop = raw["frozen"], raw.get("drop")
    released = frozen["releasedMs"]
    if released is None and drop:
        fact = f"packets dropped: {'let go after ' + s(drop['releasedMs']) if drop['releasedMs'] else 'still held after 200 s'}; TCP keepalive timer: {frozen['keepaliveTimer']}"
        released = drop["releasedMs"]
    else:
        fact = f"let go after {s(released)} ({frozen['how']})" if released else "still held after 130 s"
        fact += f", close frame {frozen['closeFrame']['code']} at {s(frozen['closeFrame']['atMs'])}" if frozen["closeFrame"] else ""
    out["leaked-session"] = ("pass" if released and released <= 90000 else "fail", fact)
    ping = raw["ping"]
    out["unanswered-ping"] = ("pass" if ping["pong"] == "same" and ping["afterMs"] <= 5000 else "fail", f"pong: {ping['pong']} after {ping['afterMs']} ms")
    ids = raw.get("ids")
    if ids is None:
        why = "echoes: no message of its own" if kind == "echo" else "sends only what clients sent"
        out["no-sequence-id"] = ("skipped" if kind == "echo" else "unclear", why)
        out["no-replay"] = ("skipped", "follows from no-sequence-id")
    else:
        has = ids["unique"] and ids["sharedOfVictim"] > .9 and (ids["dense"] or ids["resumeWith"] != "nothing to say it with")
        out["no-sequence-id"] = ("pass" if has else "fail", f"e.g. {ids['examples'][0]}: unique {ids['unique']}, shared by two sessions {ids['sharedOfVictim']:.0%}, dense {ids['dense']}, resume: {ids['resumeWith'][:60]}")
        if not has:
            out["no-replay"] = ("skipped", "follows from no-sequence-id")
        else:
            good = ids["lost"] == 0 and ids["duplicated"] == 0 and ids["inOrder"]
            out["no-replay"] = ("pass" if good else "fail", f"cut of 5 s: missed {ids['missed']}, lost {ids['lost']}, twice {ids['duplicated']}, in order {ids['inOrder']}")
    polite, hard = raw["politely"], raw["shutdown"]
    codes = [c and c["close"] for c in polite["clients"]]
    out["abrupt-shutdown"] = ("pass" if all(codes) else "fail", f"close {codes[0]}" if all(codes) else (
        "no close frame, " + str(polite["clients"][0]["end"] or "no end within 90 s")))
    seen = [n["got"] for n in polite["newConnections"] + hard["newConnections"] if n["afterMs"] >= 500]   # a loop may look every 100 ms
    taken = [n for n in seen if "served" in n or "nothing" in n]
    out["accepts-while-draining"] = ("fail" if taken else "pass", f"after SIGTERM: {taken[0] if taken else (seen[0] if seen else 'port gone at once')}")
    exit_ms, code = hard["exitMs"], hard["exitCode"]
    orderly = code == 0 or (code in (-15, 143) and all(codes))
    out["hung-shutdown"] = ("pass" if exit_ms is not None and exit_ms <= 60000 and orderly else "fail",
                            f"one client ignoring, one frozen: gone after {s(exit_ms)}, exit {code}" + ("" if orderly else " (by the signal, no goodbye before)")
                            if exit_ms is not None else "still there after 90 s")
    push = raw.get("pressure")
    if push is None:
        out["unbounded-buffer"] = out["slow-neighbour"] = ("skipped", "pushes about 1 KB/s: no pressure to be had")
    else:
        grew = push["rssStallMax"] - push["rssCalmMax"]
        withheld = max(push["withheldPerReaderBytes"])
        gone = [i for i, q in push["readersAfterStall"].items() if q == "gone"]
        fact = (f"{withheld // MiB} MiB meant for each of 4 stalled readers in 28 s: memory +{max(0, grew) // MiB} MiB over fast readers"
                + (f", {len(gone)} of 4 readers cut" if gone else ""))
        out["unbounded-buffer"] = ("fail" if grew > 64 * MiB else "pass", fact)
        a, b = push["p99Ms"]["calm"], push["p99Ms"]["stall"]
        lost = push["missing"]["stall"] + len([e for e in push["neighbourEnded"] if "Errno 9" not in e])
        slow = b is None or lost > 0.01 * max(1, push["samples"]["stall"]) or b > 2 * a + 50
        out["slow-neighbour"] = ("fail" if slow else "pass", f"neighbour's p99 {a} ms -> {b} ms, {push['samples']['stall']} trips, {push['missing']['stall']} of them over 5 s")
    if "messages" not in raw:
        out["unbounded-message"] = ("skipped", "never reads")
    else:
        over = [m for m in raw["messages"] if m["bytes"] > 64 * MiB and m["accepted"]]
        largest = max((m["bytes"] for m in raw["messages"] if m["accepted"]), default=0)
        refused = next((m for m in raw["messages"] if not m["accepted"]), None)
        fact = f"largest taken {largest} bytes" + (f" in {over[-1]['fragments']} fragments" if over and not any(m["fragments"] == 1 for m in over) else "")
        fact += f"; refused with {'close ' + str(refused['close']) if refused.get('close') else 'a bare ' + str(refused.get('ended'))}" if refused else ""
        out["unbounded-message"] = ("fail" if over else "pass", fact)
    storm = raw["storm"]
    storms = storm["storms"]
    limit = max(2000, 3 * storm["clients"] * storm["costPerConnectMs"])
    good = storm["alive"] and len(storms) == 2 and all(x["served"] == storm["clients"] and x["t99Ms"] <= limit for x in storms) \
        and storms[1]["rss"] <= 1.1 * storms[0]["rss"] + 16 * MiB
    out["storm-collapse"] = ("pass" if good else "fail", f"200 cut by RST: " + (
        f"t99 {', '.join(str(round(x['t99Ms'])) + ' ms' for x in storms)}; memory {', '.join(str(x['rss'] // MiB) + ' MiB' for x in storms)}"
        if storm["alive"] else f"process gone, exit {storm['exit']}"))
    return out


def client(entry, raw):
    out = {}
    backs = {k: raw[k]["reconnectMs"] for k in ("fin", "rst", "restart", "edge")}
    fact = ", ".join(f"{k} {'never' if v is None else s(v)}" for k, v in backs.items())
    never = all(v is None for v in backs.values())
    out["no-reconnect"] = ("pass" if all(backs[k] is not None and backs[k] <= 60000 for k in ("fin", "rst", "restart")) else "fail", fact)
    if never:
        for check in CLIENT[1:]:
            out[check] = ("skipped", "follows from no-reconnect")
        return out
    outage = raw["outage"]
    means, variation = outage["meanMs"], outage["variation"]
    if means[0] < 100 and len(means) > 1 and means[1] > 100:      # an immediate first attempt is judged elsewhere
        means, variation = means[1:], variation[1:]
    cap = next((i for i in range(len(means) - 2) if all(abs(m - means[i]) <= .15 * means[i] for m in means[i + 1:i + 3])), len(means))
    grows = max(means) >= 1.5 * means[0] and means[0] >= 100
    out["fixed-retry"] = ("pass" if grows else "fail", "mean delays of 8 processes: " + ", ".join(f"{m / 1000:.2f}" for m in means[:8]) + " s")
    out["hot-retry"] = ("pass" if outage["maxAttemptsPer10s"] <= 10 else "fail",
                        f"{outage['maxAttemptsPer10s']} attempts in 10 s; {max(outage['rawConnections'])} connections in 75 s")
    below = variation[:max(cap, 3)]
    median = statistics.median(below)
    at_cap = statistics.median(variation[cap:]) if cap < len(variation) else None
    out["no-jitter"] = ("pass" if median > .04 else "fail", f"variation below the cap {median:.4f}, at the cap {'not seen' if at_cap is None or not grows else format(at_cap, '.4f')}")
    freeze, drop = raw["freeze"], raw.get("drop")
    detect, back = freeze["detectMs"], freeze["backMs"]
    fact = f"frozen: noticed after {s(detect)}" if detect else "frozen: not noticed in 100 s"
    if detect is None and drop:
        detect, back = drop["detectMs"], drop.get("backMs")
        fact += "; packets dropped: " + (f"noticed after {s(detect)}, back after {s(back)}" if detect else "not noticed in 200 s")
    out["silent-disconnect"] = ("pass" if detect and back and max(detect, back) <= 90000 else "fail", fact + (", TCP keepalive" if freeze["keepaliveTimer"] else ""))
    said = " ".join((raw["rst"].get("nextSaid") or []) + [raw["rst"].get("nextRequest") or ""])
    pair = raw.get("pair")
    if pair:
        whole = pair["lost"] == pair["duplicated"] == 0 and pair["inOrder"]
        out["no-resume"] = ("pass" if whole else "fail", f"with {entry['server']}, cut for 5 s: {pair['messages']} messages, lost {pair['lost']}, twice {pair['duplicated']}; "
                            + ("presents " + said[:90] if str(raw["rst"]["lastSent"]) in said else "presents no id"))
    elif "--sequence" in entry["args"]:
        out["no-resume"] = ("fail", "comes back without any id")
    else:
        out["no-resume"] = ("skipped", "no way to resume is declared; it comes back without any id")
    return out


def main():
    truth = {}
    for entry in json.load(open(os.path.join(HERE, "programs.json"))):
        name = entry["name"]
        raw = json.load(open(os.path.join(HERE, "raw", f"{name}.json")))
        found = (server if entry["role"] == "server" else client)(entry, raw)
        truth[name] = {}
        for check in SERVER if entry["role"] == "server" else CLIENT:
            outcome, fact = found[check]
            row = {"outcome": outcome, "fact": fact}
            if check in BY_HAND.get(name, {}):
                row = {"outcome": BY_HAND[name][check]["outcome"] or outcome, "fact": fact, "note": BY_HAND[name][check]["note"]}
            truth[name][check] = row
    with open(os.path.join(HERE, "truth.json"), "w") as file:
        json.dump(truth, file, indent=1, ensure_ascii=False)
        file.write("\n")
    for checks in (SERVER, CLIENT):
        rows = [n for n in truth if set(truth[n]) == set(checks)]
        for check in checks:
            print(f"{check:24}", *(f"{o}: {', '.join(n for n in rows if truth[n][check]['outcome'] == o)}" for o in ("fail", "pass")), sep=" | ")


main()
