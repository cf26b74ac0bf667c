"""The cases of the bench: what is run, beside which baseline, and what must be reached."""

import json
import statistics
import subprocess

from figures import MIB, Figure, alternate, judged, median
from production_cases import PRODUCTION_CASES
from processes import (ROOT, TOOLS, BenchError, Nginx, NullServer, Satchel, ThreadSampler,
                       environment, load, load_command, run_json)


def beside_null_server(folder, scale, name, key, least, options):
    """One load case on both servers."""
    with NullServer(folder) as null_server, Satchel(folder) as satchel:
        runs = alternate(scale, {
            "null server": lambda: load(name, null_server.target, **options),
            "satchel": lambda: load(name, satchel.target, **options),
        })
    return judged(name, key, runs, {"null server": least})


def upload(folder, scale):
    """50 MiB x 4 streams, durable; the bar is the lower one of the null server and the disk."""
    options = {"clients": 4, "size": scale.document_bytes, "calls": scale.stream_calls}
    disk = [TOOLS / "fsync_baseline", "--folder", folder, "--writers", 4, "--size",
            scale.document_bytes, "--files", scale.stream_calls]
    with NullServer(folder) as null_server, Satchel(folder) as satchel:
        runs = alternate(scale, {
            "null server": lambda: load("upload", null_server.target, **options),
            "disk": lambda: run_json(disk),
            "satchel": lambda: load("upload", satchel.target, **options),
        })
    reached = {name: median(results, "mib_per_second") for name, results in runs.items()}
    bars = {"null server": 0.28 * reached["null server"], "disk": 0.75 * reached["disk"]}
    lower = min(bars, key=bars.get)
    return [Figure(case="upload", unit="MiB/s", satchel=reached["satchel"],
                   baseline=reached[lower], baseline_name=lower, runs=runs,
                   must=">= 0.28 x" if lower == "null server" else ">= 0.75 x",
                   met=reached["satchel"] >= bars[lower])]


def download(folder, scale):
    """50 MiB x 4 streams, the SHA-256 of each verified by the client."""
    return beside_null_server(folder, scale, "download", "mib_per_second", 0.60, {
        "clients": 4, "size": scale.document_bytes, "calls": scale.stream_calls})


def small_upload(folder, scale):
    """4 KiB x 8 clients, durable; and what the disk alone does with as many such files, which is
    where an upload spends its time."""
    options = {"clients": 8, "seconds": scale.seconds}
    disk = [TOOLS / "fsync_baseline", "--folder", folder, "--writers", 8, "--size", 4096,
            "--files", round(2000 * scale.seconds)]
    with NullServer(folder) as null_server, Satchel(folder) as satchel:
        runs = alternate(scale, {
            "null server": lambda: load("small-upload", null_server.target, **options),
            "disk": lambda: run_json(disk),
            "satchel": lambda: load("small-upload", satchel.target, **options),
        })
    reached = {name: median(results, "calls_per_second") for name, results in runs.items()}
    return [Figure(case="small-upload", unit="calls/s", satchel=reached["satchel"],
                   baseline=reached["null server"], baseline_name="null server", must=">= 0.22 x",
                   met=reached["satchel"] >= 0.22 * reached["null server"], runs=runs),
            Figure(case="small-upload, disk", unit="files/s", satchel=reached["satchel"],
                   baseline=reached["disk"], baseline_name="write + fsync", must="", met=True)]


def small_download(folder, scale):
    """4 KiB x 8 clients."""
    return beside_null_server(folder, scale, "small-download", "calls_per_second", 0.50,
                              {"clients": 8, "seconds": scale.seconds, "count": 16})


def usage(folder, scale):
    """GetUsageStats x 8 clients."""
    return beside_null_server(folder, scale, "usage", "calls_per_second", 0.70,
                              {"clients": 8, "seconds": scale.seconds})


def listing(folder, scale):
    """Pages of 100 among many documents x 8 clients, beside the null server's unary rate; and the
    first page beside the last."""
    with NullServer(folder) as null_server, Satchel(folder) as satchel:
        user = load("fill", satchel.target, clients=8, size=64,
                    count=scale.listed_documents)["user"]
        options = {"clients": 8, "seconds": scale.seconds}
        runs = alternate(scale, {
            "null server": lambda: load("usage", null_server.target, **options),
            "satchel": lambda: load("list", satchel.target, user=user, **options),
        })
        ends = load("list-ends", satchel.target, user=user, calls=50)
    if ends["documents"] != scale.listed_documents:
        raise BenchError(f"listed {ends['documents']} of {scale.listed_documents} documents")
    rate = Figure(case="list", unit="calls/s", satchel=median(runs["satchel"], "calls_per_second"),
                  baseline=median(runs["null server"], "calls_per_second"),
                  baseline_name="null server (unary)", must=">= 0.15 x", met=False, runs=runs)
    rate.met = rate.ratio >= 0.15
    pages = sorted((ends["first_page_p50_ms"], ends["last_page_p50_ms"]))
    return [rate, Figure(case="list, slower end", unit="ms", satchel=pages[1], baseline=pages[0],
                         baseline_name="faster end", must="<= 3 x", met=pages[1] <= 3 * pages[0],
                         runs={"ends": ends})]


def link(folder, scale):
    """GET of a signed link to 50 MiB x 4 connections, beside nginx on the same bytes."""
    def wrk(url):
        result = run_json(["wrk", "--threads", 2, "--connections", 4, "--duration",
                           f"{max(1, round(scale.seconds))}s", "--timeout", "60s", "--script",
                           ROOT / "bench" / "wrk_report.lua", url])
        if result["errors"] or result["calls"] == 0:
            raise BenchError(f"wrk: {result['errors']} errors in {result['calls']} answers")
        result["mib_per_second"] = result["bytes"] / MIB / (result["microseconds"] / 1e6)
        return result

    with Nginx(folder) as nginx, Satchel(folder) as satchel:
        url = load("url", satchel.target, size=scale.document_bytes)["url"]
        with open(nginx.files / "document.txt", "wb") as document:
            for _ in range(scale.document_bytes // MIB):
                document.write(b"n" * MIB)
        runs = alternate(scale, {"nginx": lambda: wrk(nginx.url + "/document.txt"),
                                 "satchel": lambda: wrk(url)})
    figure = Figure(case="link", unit="MiB/s", satchel=median(runs["satchel"], "mib_per_second"),
                    baseline=median(runs["nginx"], "mib_per_second"), baseline_name="nginx",
                    must=">= 0.60 x", met=False, runs=runs)
    figure.met = figure.ratio >= 0.60
    return [figure]


def beside_direct(folder, scale, name, key, options):
    """One load case on the null server directly, and through Satchel, which passes it on."""
    unit = {"mib_per_second": "MiB/s", "calls_per_second": "calls/s"}[key]
    least = 0.45
    with NullServer(folder) as null_server, \
            Satchel(folder, {"UPSTREAM_GRPC": null_server.target}) as satchel:
        runs = alternate(scale, {
            "direct": lambda: load(name, null_server.target, **options),
            "satchel": lambda: load(name, satchel.target, **options),
        })
    figure = Figure(case=name, unit=unit, satchel=median(runs["satchel"], key),
                    baseline=median(runs["direct"], key), baseline_name="direct",
                    must=f">= {least:.2f} x", met=False, runs=runs)
    figure.met = figure.ratio >= least
    return [figure]


def passed_unary(folder, scale):
    """Small calls x 8 clients that Satchel passes to another server."""
    return beside_direct(folder, scale, "passed-unary", "calls_per_second",
                         {"clients": 8, "seconds": scale.seconds})


def passed_upload(folder, scale):
    """Client streams of 50 MiB x 4 that Satchel passes to another server."""
    return beside_direct(folder, scale, "passed-upload", "mib_per_second", {
        "clients": 4, "size": scale.document_bytes, "calls": scale.stream_calls})


def passed_download(folder, scale):
    """Server streams of 50 MiB x 4 that Satchel passes from another server."""
    return beside_direct(folder, scale, "passed-download", "mib_per_second", {
        "clients": 4, "size": scale.document_bytes, "calls": scale.stream_calls})


def users(folder, scale):
    """Peak memory while 100 users upload 10 MiB at once."""
    with Satchel(folder) as satchel:
        run = load("upload", satchel.target, clients=scale.users, calls=scale.users,
                   size=scale.user_document_bytes)
        peak = satchel.peak_mib()
    return [Figure(case="users, peak memory", unit="MiB", satchel=peak, must="< 300",
                   met=peak < 300, runs={"satchel": [run]})]


def stall(folder, scale):
    """Memory, threads and another upload while 500 uploads stall after their first chunk."""
    with Satchel(folder) as satchel, ThreadSampler(satchel) as threads:
        before = satchel.resident_mib()
        client = subprocess.Popen(
            load_command("stall", satchel.target, clients=50, count=scale.stalled_uploads),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment())
        result = client.stdout.readline()
        grown = satchel.peak_mib() - before
        _, errors = client.communicate()
        if client.returncode != 0:
            raise BenchError(f"stall: {errors.strip()}")
    run = json.loads(result)
    runs = {"satchel": [run]}
    other = run["other_upload_ms"]
    return [
        Figure(case="stall, memory", unit="MiB", satchel=grown, must="< +128", met=grown < 128,
               runs=runs),
        Figure(case="stall, threads", unit="", satchel=threads.most, must="< 64",
               met=threads.most < 64, runs=runs),
        Figure(case="stall, other upload", unit="ms", satchel=other, must="< 1000",
               met=other < 1000, runs=runs),
    ]


def start(folder, scale):
    """From the start of the process over an empty folder to its first answer."""
    milliseconds = []
    for number in range(scale.starts):
        own = folder / str(number)
        own.mkdir()
        with Satchel(own) as satchel:
            milliseconds.append(satchel.start_seconds * 1000)
    middle = statistics.median(milliseconds)
    return [Figure(case="start to first answer", unit="ms", satchel=middle, must="< 300",
                   met=middle < 300, runs={"satchel": milliseconds})]


CASES = {
    "upload": upload,
    "download": download,
    "small-upload": small_upload,
    "small-download": small_download,
    "usage": usage,
    "list": listing,
    "link": link,
    "users": users,
    "stall": stall,
    "start": start,
    "passed-unary": passed_unary,
    "passed-upload": passed_upload,
    "passed-download": passed_download,
    **PRODUCTION_CASES,
}
