"""The table of peers.sh, measured now, in docs/PERFORMANCE.md; ratios below those wanted fail.

usage: peers_table.py BUILD DOC.md [PEERS.sh's output]

The table stands between the marks `<!-- peers: begin -->` and `<!-- peers: end -->`.  With a third
argument nothing is measured: that file is taken.  Times are CPU seconds of one core, so a busy
machine moves both sides of a ratio; the load is written beside the table.  Ends with
`N passed, N failed`: one for each ratio that has an aim, and the figures that have one.
"""
import datetime
import os
import pathlib
import subprocess
import sys
import tempfile

BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"
AIMS = {  # of our own figures: name, what it must not exceed
    "hold.1e7_of_1e5": 1.6,
    "hold.1e7.bytes_per_event": 40,
    "fanout.v4096.cost_of_v64": 10,
    "fanout.v4096.error_p95": 0.1,
}


def measure(build):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "table.md")
        script = pathlib.Path(__file__).with_name("peers.sh")
        subprocess.run(["sh", str(script), build, out], check=True)
        return pathlib.Path(out).read_text(encoding="utf-8")


def cells(text):
    return [[cell.strip() for cell in line.strip("|").split("|")]
            for line in text.splitlines() if line.startswith("|")]


def judge(text):
    """(what, measured, wanted, good) of everything that has an aim."""
    rows = cells(text)
    found = [(f"{row[0]} / {row[2]}", float(row[4]), float(row[5]),
              float(row[4]) >= float(row[5]))
             for row in rows if len(row) == 6 and row[5] not in ("", "wanted", "---")]
    figures = {row[0]: float(row[1]) for row in rows
               if len(row) == 3 and row[0] not in ("Figure", "---") and row[2] != "digest"}
    figures["hold.1e7_of_1e5"] = figures["hold.1e7.ns"] / figures["hold.1e5.ns"]
    return found + [(name, figures[name], most, figures[name] <= most)
                    for name, most in AIMS.items()]


def main():
    build, doc = sys.argv[1], pathlib.Path(sys.argv[2])
    load = os.getloadavg()[0]
    text = (pathlib.Path(sys.argv[3]).read_text(encoding="utf-8") if len(sys.argv) > 3
            else measure(build))
    before, rest = doc.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    note = (f"{datetime.date.today()}, load average {load:.1f} on {os.cpu_count()} cores when it "
            "began.\n\n")
    doc.write_text(f"{before}{BEGIN}\n{note}{text}{END}{after}", encoding="utf-8")
    judged = judge(text)
    for what, value, wanted, good in judged:
        print("ok  " if good else "FAIL", what, f"{value:.4g}", "wanted", f"{wanted:g}")
    failed = sum(not good for *_, good in judged)
    print(f"{len(judged) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
