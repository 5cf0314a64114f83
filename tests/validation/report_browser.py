"""The report works in a real browser, without network.

usage: report_browser.py SAMPLE_RESULT MAKE_REPORT

Opens the page in headless Chromium and looks at the document that its script has built: every plot
drawn, every card and table filled, no error on the console.  Exits 77 without chromium.
"""
import re
import shutil
import subprocess
import sys
import tempfile

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--enable-logging=stderr",
         "--virtual-time-budget=4000", "--window-size=1280,2800"]


def main():
    sample, make_report = sys.argv[1:3]
    chromium = shutil.which("chromium")
    if chromium is None:
        print("skipped: no chromium")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sample, f"{folder}/run", "256", "40", "40", "attack"], check=True)
        subprocess.run([sample, f"{folder}/run/twin", "256", "40", "40", "twin"], check=True)
        page = f"{folder}/report.html"
        subprocess.run([make_report, f"{folder}/run", page], check=True)
        done = subprocess.run([chromium, *FLAGS, f"--user-data-dir={folder}/profile",
                               f"--screenshot={folder}/page.png", "--dump-dom", f"file://{page}"],
                              capture_output=True, text=True, timeout=120, check=True)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not console, "\n".join(console)
    dom = done.stdout.split("<script", 1)[0]
    titles = re.findall(r'<section class="plot[^"]*"><h2>([^<]*)', dom)
    assert len(titles) == 8, titles
    assert dom.count("<canvas") == 8, "a canvas for every plot"
    assert dom.count('class="u-wrap"') == 7, "seven plots over time"
    assert dom.count('class="card"') == 7, "headline numbers"
    assert "What attackers are paid" in titles and "Does pay follow quality?" in titles
    assert re.search(r"sybil swarm \u25b2</td>", dom), "the table of groups"
    assert "NaN" not in dom and "undefined" not in dom
    print(f"{len(titles)} plots drawn: {', '.join(titles)}")
    return 0


sys.exit(main())
