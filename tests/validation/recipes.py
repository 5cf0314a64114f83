"""Every recipe of docs/RESULTS.md runs on a real result file.

usage: recipes.py SAMPLE_RESULT RESULTS.md python|r

Runs each fenced block of that language in a folder with a result.h5 and prints what it prints.
Exits 77 (skipped) when the language's reader is not installed.
"""
import re
import subprocess
import sys
import tempfile

NEEDS = {
    "python": ([sys.executable, "-c", "import h5py, netCDF4, xarray"], [sys.executable, "-"]),
    "r": (["Rscript", "-e", "library(ncdf4)"], ["Rscript", "-"]),
}
# What the recipes must say about the sample, whose numbers follow closed formulas.
EXPECTED = {
    "python": ["large miners: last emission share 0.", "seed 7 mechanism finney",
               "block 1900: 3 weights of 2 raters", "registration 19", "# Question"],
    "r": ["small miners: ", "median loss 2."],
}


def main():
    sample, doc, language = sys.argv[1:4]
    probe, command = NEEDS[language]
    try:
        subprocess.run(probe, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        print(f"skipped: {' '.join(probe)} does not run")
        return 77
    with open(doc, encoding="utf-8") as file:
        blocks = re.findall(rf"```{language}\n(.*?)```", file.read(), re.S)
    assert blocks, f"{doc} has no recipe in {language}"
    output = ""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sample, folder, "64", "20", "20", "attack"], check=True)
        for block in blocks:
            assert len(block.strip().splitlines()) <= 14, f"longer than a recipe:\n{block}"
            done = subprocess.run(command, input=block, text=True, cwd=folder, check=True,
                                  capture_output=True)
            output += done.stdout
    print(output)
    for text in EXPECTED[language]:
        assert text in output, f"no '{text}' in the output"
    return 0


sys.exit(main())
