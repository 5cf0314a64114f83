"""Every header compiles on its own and when included twice, with the build's own warnings."""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from source_tree import PRODUCT, compile_commands, files, report


def options(root, build):
    """Compiler and options: the first command's, with every include folder that any file has."""
    commands = [words[1:] if words[0].endswith("ccache") else words
                for words in compile_commands(build).values()]
    compiler = commands[0][0]
    kept = [word for word in commands[0][1:]
            if word.startswith(("-W", "-std", "-D", "-m")) and not word.startswith("-Wp")]
    folders = []
    for command in commands:
        for position, word in enumerate(command):
            if word.startswith("-isystem") and word != "-isystem":
                word = "-I" + word[len("-isystem"):]
            elif word == "-isystem":
                word = "-I" + command[position + 1]
            if word.startswith("-I") and os.path.isabs(word[2:]) and word not in folders:
                folders.append(word)
    own = ["-I" + os.path.join(root, folder) for folder in ("sim", "models", ".")]
    return [compiler, "-fsyntax-only", "-x", "c", *kept, "-Werror", *own, *folders, "-"]


def compile_twice(command, header):
    """The finding for one header, or None."""
    text = f'#include "{header}"\n#include "{header}"\n'
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    errors = [line for line in done.stderr.splitlines() if "error:" in line] or [done.stderr]
    return f"{header}:1: does not compile on its own, included twice: {errors[0]}"


def main(root, build):
    root = os.path.abspath(root)
    command = options(root, build)
    headers = files(root, PRODUCT, (".h",))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda header: compile_twice(command, header), headers))
    return report([finding for finding in found if finding])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
