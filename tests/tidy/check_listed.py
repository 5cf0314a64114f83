"""Every .c file is compiled by the build: no dead file, no test that is never run."""
import os
import sys

from source_tree import PRODUCT, compile_commands, files, read, report


def named_in_meson(root, path):
    """Whether a meson.build beside or above the file names it (templates, compiled on demand)."""
    folder, name = os.path.split(path)
    while True:
        build_file = os.path.join(folder, "meson.build")
        if os.path.isfile(os.path.join(root, build_file)) and f"'{name}'" in read(root, build_file):
            return True
        if not folder:
            return False
        folder = os.path.dirname(folder)


def main(root, build):
    compiled = compile_commands(build)
    return report([f"{path}:1: no meson.build compiles this file: list it there or remove it"
                   for path in files(root, PRODUCT + ("tests",), (".c",))
                   if path not in compiled and not named_in_meson(root, path)])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
