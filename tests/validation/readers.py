"""A result opens in the readers that people use, with the same numbers, names and units.

usage: readers.py SAMPLE_RESULT SHOW_RESULT

Runs SAMPLE_RESULT (see sample_result.c) and opens what it wrote with h5py, xarray (netcdf4 and
h5netcdf), ncdump and our own reader (show_result.c).  Exits 77 (skipped) when one of them is not
installed.
"""
import csv
import io
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

try:
    import h5py
    import h5netcdf  # noqa: F401  (xarray's engine)
    import netCDF4  # noqa: F401  (xarray's engine)
    import numpy
    import xarray
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

GROUPS = ["", "groups", "corpus", "hotkeys", "events", "set_weights", "weights", "bonds"]
UIDS, EPOCHS = 192, 30


def variables(group):
    """Data sets that are variables, not the placeholders of dimensions without one."""
    return {
        name: item
        for name, item in group.items()
        if isinstance(item, h5py.Dataset)
        and not item.attrs.get("NAME", b"").startswith(b"This is a netCDF dimension but not")
    }


def same(ours, theirs, where):
    ours, theirs = numpy.asarray(ours), numpy.asarray(theirs)
    assert ours.shape == theirs.shape, f"{where}: shape {ours.shape} and {theirs.shape}"
    if ours.dtype.kind in "OSU":
        texts = [t.decode() if isinstance(t, bytes) else t for t in ours.ravel()]
        assert texts == list(theirs.ravel()), f"{where}: other texts"
    else:
        assert ours.dtype == theirs.dtype, f"{where}: {ours.dtype} and {theirs.dtype}"
        assert ours.tobytes() == theirs.astype(ours.dtype).tobytes(), f"{where}: other numbers"


def check_engine(path, file, engine):
    count = 0
    for group in GROUPS:
        data = xarray.open_dataset(path, engine=engine, group=group or None, decode_times=False,
                                   mask_and_scale=False)
        for name, item in variables(file[group or "/"]).items():
            where = f"{engine} {group}/{name}"
            same(item[()], data[name].values, where)
            for key in ("units", "long_name"):
                if key in item.attrs:
                    assert item.attrs[key] == data[name].attrs[key], f"{where}: {key}"
            count += 1
        data.close()
    decoded = xarray.open_dataset(path, engine=engine)
    assert decoded.time.dtype.kind == "M", "time is not decoded to dates"
    assert {"block", "time", "netuid"} <= set(decoded.coords), "coordinates of epoch"
    assert decoded.stake_rao.dtype == "uint64", "amounts in RAO must stay integers"
    assert decoded.stake_rao.dims == ("epoch", "uid")
    assert decoded.attrs["seed"] == 7
    assert decoded.role.attrs["flag_meanings"] == "serves validates"
    decoded.close()
    return count


def check_numbers(file):
    """What the sample's closed formulas say."""
    assert list(file["block"][()]) == [100 * e for e in range(EPOCHS)]
    assert list(file["time"][()]) == [1200.0 * e for e in range(EPOCHS)]
    stake = file["stake_rao"][()]
    assert list(file["total_stake_rao"][()]) == [int(row.sum()) for row in stake]
    assert (numpy.diff(stake[:, 0].astype(object)) == file["emission_rao"][1:, 0]).all()
    assert file["bonds/value"][1] == 2**60
    assert file["corpus/sha256"].asstr()[0] == "00ff"
    assert file["scenario"][()].decode().startswith("# Question")


def check_ncdump(path):
    head = subprocess.run(["ncdump", "-h", path], check=True, capture_output=True, text=True).stdout
    for line in (r"epoch = UNLIMITED ; // \(30 currently\)", r"uid = 192 ;",
                 r"uint64 stake_rao\(epoch, uid\) ;", r'stake_rao:units = "rao" ;',
                 r"int64 row_start\(snapshot, edge\) ;", r"edge = 193 ;"):
        assert re.search(line, head), f"ncdump -h: no line {line}"
    blocks = subprocess.run(["ncdump", "-v", "block", path], check=True, capture_output=True,
                            text=True).stdout
    numbers = re.search(r"block = ([0-9, \n]+);", blocks).group(1)
    assert [int(n) for n in numbers.split(",")] == [100 * e for e in range(EPOCHS)]


def check_show(path, file):
    """Our reader's CSV says what h5py says, to the last digit."""
    tables = {"epochs": ["block", "time", "difficulty", "total_stake_rao"],
              "groups": ["name", "parameter_count"], "corpus": ["path", "sha256", "size_bytes"],
              "events": ["time_ns", "kind", "hotkey_id", "value"], "weights/entry": ["value"],
              "neurons": ["stake_rao", "loss_true_nats", "owner_id"], "bonds/entry": ["value"]}
    for table, columns in tables.items():
        text = subprocess.run([sys.argv[2], path, table, "--csv"], check=True, capture_output=True,
                              text=True).stdout
        rows = list(csv.DictReader(io.StringIO(text)))
        group = file["/" if table in ("epochs", "neurons") else table.split("/")[0]]
        for column in columns:
            ours = group[column][()].ravel()
            assert len(ours) == len(rows), f"show {table}: {len(rows)} rows"
            if ours.dtype.kind == "O":
                assert [t.decode() for t in ours] == [row[column] for row in rows], column
            else:
                shown = numpy.array([ours.dtype.type(row[column]) for row in rows])
                assert shown.tobytes() == ours.tobytes(), f"show {table} {column}"


def check_same(folder):
    """Segments of another length give the same result; another run does not."""
    compare = [sys.executable, str(pathlib.Path(__file__).with_name("same_result.py"))]
    first, second, twin = (f"{folder}/{name}" for name in ("first", "second", "twin"))
    for path, segment_epochs, kind in ((first, "3", "attack"), (second, "10", "attack"),
                                       (twin, "10", "twin")):
        subprocess.run([sys.argv[1], path, "16", "10", segment_epochs, kind], check=True)
    same = subprocess.run([*compare, f"{first}/result.h5", f"{second}/result.h5"])
    assert same.returncode == 0, "the borders of segments show"
    other = subprocess.run([*compare, f"{first}/result.h5", f"{twin}/result.h5"],
                           capture_output=True, text=True)
    assert other.returncode == 1 and "emission_rao: bytes" in other.stdout


def main():
    if shutil.which("ncdump") is None:
        print("skipped: no ncdump (netcdf-bin)")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], folder, str(UIDS), str(EPOCHS), "7", "attack"], check=True)
        path = f"{folder}/result.h5"
        with h5py.File(path) as file:
            check_numbers(file)
            count = check_engine(path, file, "netcdf4")
            assert count == check_engine(path, file, "h5netcdf")
            check_show(path, file)
        check_ncdump(path)
        check_same(folder)
        # A closed segment opens by itself.
        with xarray.open_dataset(f"{folder}/seg/00001.h5") as segment:
            assert list(segment.epoch.values) == list(range(7, 14))
    print(f"{count} variables agree in h5py, netcdf4, h5netcdf; ncdump agrees")
    return 0


sys.exit(main())
