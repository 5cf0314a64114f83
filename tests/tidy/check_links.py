"""Every relative link of a Markdown file leads to a file of this tree, and to a heading it has."""
import os
import re
import sys

from source_tree import EVERYTHING, files, read, report, root_files

FENCED = re.compile(r"^```.*?^```\s*$", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#+ +(.*?)\s*#*$", re.MULTILINE)


def anchors(text):
    """The names under which a reader's program knows the headings."""
    names = set()
    for match in HEADING.finditer(FENCED.sub("", text)):
        plain = re.sub(r"[^\w\- ]", "", match[1].lower())
        names.add(plain.replace(" ", "-"))
    return names


def check_link(root, path, link):
    """What is wrong with a link, or None."""
    if re.match(r"[a-z]+:", link):
        return None
    target, _, anchor = link.partition("#")
    there = os.path.normpath(os.path.join(os.path.dirname(path), target)) if target else path
    if there.startswith(".."):
        return f"'{link}' leads out of the tree"
    if not os.path.exists(os.path.join(root, there)):
        return f"'{link}': no such file"
    if anchor and there.endswith(".md") and anchor not in anchors(read(root, there)):
        return f"'{link}': {there} has no such heading"
    return None


def main(root, _build):
    findings = []
    for path in files(root, EVERYTHING, (".md",)) + root_files(root, (".md",)):
        def blank(match):
            return re.sub(r"[^\n]", " ", match[0])
        text = INLINE_CODE.sub(blank, FENCED.sub(blank, read(root, path)))
        for match in LINK.finditer(text):
            wrong = check_link(root, path, match[1] or match[2])
            if wrong:
                line = text.count("\n", 0, match.start()) + 1
                findings.append(f"{path}:{line}: {wrong}")
    return report(findings)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
