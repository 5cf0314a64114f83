"""What the static libraries offer: named by module or type, and no state that a program shares.

A non-static symbol begins with the name of its module, of one of the module's files, or with a
prefix of prefixes.txt. No object may lie in .data or .bss, static or not: two simulations in one
process would meet there. (Constant tables that hold addresses lie in .data.rel.ro and are fine.)
"""
import os
import subprocess
import sys

from source_tree import PRODUCT, files, module_of, report, table


def archives(build):
    """The static libraries below the build's sim, models and analysis."""
    for folder in PRODUCT:
        for here, _, names in os.walk(os.path.join(build, folder)):
            yield from (os.path.join(here, name) for name in sorted(names) if name.endswith(".a"))


def symbols(archive):
    """(member, name, section, is global, is object) of everything that an archive defines."""
    text = subprocess.run(["objdump", "-t", archive], check=True, capture_output=True,
                          text=True).stdout
    member = ""
    for line in text.splitlines():
        if ":     file format" in line:
            member = line.split(":")[0]
        # VALUE FLAGS SECTION<tab>SIZE NAME, flags in columns 17..23: l/g, then ..., F/O.
        if "\t" not in line:
            continue
        left, right = line.split("\t", 1)
        flags, section = left[17:24], left[25:]
        name = right.split()[-1]
        if section not in ("*UND*", "*ABS*") and flags[6] in "FO":
            yield member, name, section, flags[0] in "gu", flags[6] == "O"


def fits(name, prefixes):
    """Whether the name begins with a prefix, or is one without its `_`."""
    return any(name.startswith(prefix) or name == prefix.rstrip("_") for prefix in prefixes)


def main(root, build):
    rows = table(root, "tests/tidy/prefixes.txt")
    findings = []
    libraries = list(archives(build))
    if not libraries:
        findings.append(f"{build}: no library there yet: ninja -C {build}")
    for archive in libraries:
        module = module_of(os.path.relpath(os.path.dirname(archive), build))
        if module not in rows:
            findings.append(f"{module}: not in tests/tidy/prefixes.txt")
            continue
        prefixes = [module.split("/")[-1] + "_", *rows[module]]
        prefixes += sorted({os.path.basename(path)[:-2] + "_"
                            for path in files(root, (module,), (".c", ".h"))})
        for member, name, section, is_global, is_object in symbols(archive):
            if is_global and not fits(name, prefixes):
                findings.append(f"{module} ({member}): '{name}' should be static or begin with "
                                f"one of: {' '.join(prefixes)}")
            if is_object and section.startswith((".data", ".bss", ".tdata", ".tbss", "*COM*")) \
                    and not section.startswith(".data.rel.ro"):
                findings.append(f"{module} ({member}): '{name}' is state of the whole program: "
                                "its owner should hold it and pass it")
    return report(findings)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
