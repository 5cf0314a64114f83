"""Are two result files the same, outside /provenance?

usage: same_result.py A.h5 B.h5

By names, types, shapes, bytes, chunks, filters and attributes.  (h5diff -q calls files of different
shapes equal.)  Prints every difference; exit 1 if there is one.
"""
import sys

import h5py
import numpy


def plain(value, file):
    """An attribute as something comparable: references become the names that they point to."""
    if isinstance(value, h5py.Reference):
        return file[value].name
    if isinstance(value, numpy.ndarray) and value.dtype.kind in "OV":
        return [plain(item, file) for item in value.tolist()]
    if isinstance(value, (list, tuple)):
        return [plain(item, file) for item in value]
    if isinstance(value, numpy.ndarray):
        return (value.dtype.str, value.shape, value.tobytes())
    if isinstance(value, numpy.generic):
        return (value.dtype.str, value.tobytes())
    return value


def describe(item, file):
    """Everything of an object but its children."""
    facts = {"attribute " + name: plain(value, file) for name, value in item.attrs.items()}
    if isinstance(item, h5py.Dataset):
        facts.update(type=str(item.dtype), shape=item.shape, limit=item.maxshape,
                     chunks=item.chunks, filters=str(item._filters))
        values = numpy.asarray(item[()])
        facts["bytes"] = values.tolist() if item.dtype.kind == "O" else values.tobytes()
    return facts


def contents(path):
    with h5py.File(path) as file:
        found = {"/": describe(file["/"], file)}
        file.visititems(lambda name, item: found.__setitem__(name, describe(item, file)))
    return {name: facts for name, facts in found.items() if not name.startswith("provenance")}


def differences(path_a, path_b):
    """The names at which two results differ, with what differs there."""
    first, second = contents(path_a), contents(path_b)
    found = [f"{name}: only in {path}" for have, lack, path in
             ((first, second, path_a), (second, first, path_b))
             for name in have if name not in lack]
    for name in first.keys() & second.keys():
        one, other = first[name], second[name]
        found += [f"{name}: {fact}" for fact in sorted(one.keys() | other.keys())
                  if one.get(fact) != other.get(fact)]
    return sorted(found)


def main():
    found = differences(*sys.argv[1:3])
    print("\n".join(found) or f"same: {len(contents(sys.argv[1]))} objects")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
