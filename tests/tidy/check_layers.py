"""Every include of the product obeys layers.txt; includes are written "module/file.h"."""
import os
import re
import sys

from source_tree import PRODUCT, files, module_of, read, report, table

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
# Where an include of the project is looked for, as in the root meson.build.
INCLUDE_ROOTS = ("sim", "models", ".")


def target_of(root, include):
    """The path in the tree of an include, or None."""
    for folder in INCLUDE_ROOTS:
        path = os.path.normpath(os.path.join(folder, include))
        if os.path.isfile(os.path.join(root, path)):
            return path
    return None


def check_own(root, module, include, allowed):
    """What is wrong with an include of the project, or None."""
    target = target_of(root, include)
    if "/" not in include or include.startswith("."):
        return f'"{include}": write "module/file.h"'
    if target is None:
        return f'"{include}": no such file below sim/, models/ or the root'
    other = module_of(target)
    short = other.split("/")[-1]
    if other == module or "*" in allowed or short in allowed or include in allowed:
        return None
    return f'"{include}": {module} may include {" ".join(allowed) or "nothing of the project"}'


def check_library(module, include, layers):
    """What is wrong with an include of a library, or None."""
    for key, owners in layers.items():
        reserved = key.strip("<>")
        if key.startswith("<") and (include == reserved or
                                    reserved.endswith("/") and include.startswith(reserved)):
            if module not in owners:
                return f"<{include}>: only {' '.join(owners)} may know this library"
    return None


def main(root, _build):
    layers = table(root, "tests/tidy/layers.txt")
    findings = []
    for path in files(root, PRODUCT, (".c", ".h")):
        module = module_of(path)
        if module not in layers:
            findings.append(f"{path}:1: module {module} is not in tests/tidy/layers.txt")
            continue
        text = read(root, path)
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start(2)) + 1
            if match[1] == '"':
                wrong = check_own(root, module, match[2], layers[module])
            else:
                wrong = check_library(module, match[2], layers)
            if wrong:
                findings.append(f"{path}:{line}: {wrong}")
    return report(findings)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
