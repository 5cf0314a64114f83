"""Turns text files into a C source of byte arrays: embed.py OUTPUT.c HEADER PREFIX NAME=FILE...

Each NAME becomes `const char PREFIX_NAME[]`, NUL-terminated; HEADER declares them.
"""
import sys


def array(prefix, name, data):
    rows = [data[i : i + 20] for i in range(0, len(data), 20)]
    body = ",\n".join("    " + ",".join(str(byte) for byte in row) for row in rows)
    return f"const char {prefix}_{name}[] = {{\n{body},0\n}};\n"


def main():
    parts = ["/* Made by embed.py: do not edit. */", f'#include "{sys.argv[2]}"', ""]
    for argument in sys.argv[4:]:
        name, path = argument.split("=", 1)
        with open(path, "rb") as file:
            data = file.read()
        assert all(byte < 128 for byte in data), f"{path}: ASCII only"
        parts.append(array(sys.argv[3], name, data))
    with open(sys.argv[1], "w", encoding="ascii") as file:
        file.write("\n".join(parts))


main()
