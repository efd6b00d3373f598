"""The command line as a process: standard input, readers that close the pipe, memory that does not grow."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import fastbpts as fb
from fastbpts.estimators.tree_classifier import TreeClassifier


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A treebank and a model trained on it."""
    path = tmp_path_factory.mktemp("streams")
    bank = fb.demo_treebank("sentiment", n_trees=100)
    (path / "trees.txt").write_text("".join(f"{tree.to_ptb()}\n" for tree in bank))
    TreeClassifier(n_state=4, max_iter=1).fit(bank).save(path / "m.safetensors")
    return path


def process(*args, **kwargs):
    command = [sys.executable, "-m", "fastbpts", *map(str, args)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)


@pytest.mark.slow
def test_predict_reads_standard_input(folder):
    text = (folder / "trees.txt").read_bytes()
    with process("predict", folder / "m.safetensors") as child:
        out, err = child.communicate(text)
    assert (child.returncode, err) == (0, b"")
    assert len(out.splitlines()) == 100


@pytest.mark.slow
def test_predict_of_words_that_are_not_ascii(folder):
    with process("predict", folder / "m.safetensors", env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0"}) as child:
        out, err = child.communicate("(2 (2 é) (2 漢字))\n".encode())
    assert (child.returncode, err) == (0, b"")
    assert "漢字" in out.decode()


@pytest.mark.slow
def test_show_where_only_ascii_can_be_shown(folder):
    tree = "(2 (2 é) (2 漢字))"
    command = ["show", folder / "m.safetensors", "--tree", tree]
    with process(*command, env={**os.environ, "PYTHONIOENCODING": "ascii"}) as child:
        out, err = child.communicate()
    assert (child.returncode, err) == (0, b"")
    assert out.splitlines()[0] == b"? ??"


@pytest.mark.slow
@pytest.mark.parametrize("command", [["predict"], ["show", "-c", "1000000"]])
def test_a_reader_that_leaves_is_no_error(folder, tmp_path, command):
    big = tmp_path / "big.txt"
    big.write_text((folder / "trees.txt").read_text() * 50)
    with process(command[0], folder / "m.safetensors", big, *command[1:]) as child:
        child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait() == 0


PEAK = """
import sys
from fastbpts.cli import main
assert main(sys.argv[1:]) == 0
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells the peak of memory on Linux")
def test_predict_needs_constant_memory(folder, tmp_path):
    trees = (folder / "trees.txt").read_text().splitlines()
    text = f"{' '.join(trees)}\n"
    padded = text.replace(" (", " " * 150 + "(")  # most of a file's bytes are cheap to read
    peaks = []
    for copies in (40, 160):
        (tmp_path / "in.txt").write_text(padded * copies)
        args = ["predict", folder / "m.safetensors", tmp_path / "in.txt", "-o", tmp_path / "out.txt"]
        done = subprocess.run([sys.executable, "-c", PEAK, *args], capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout) / 1024)
        assert (tmp_path / "out.txt").read_text().count("\n") == 100 * copies
    assert peaks[1] < peaks[0] + 20  # MB; the second file is 45 MB larger


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="has no limit on the size of files")
def test_an_output_that_cannot_be_written_whole_is_named_and_stays_what_it_was(folder, tmp_path):
    import resource

    big, out = tmp_path / "big.txt", tmp_path / "out.txt"
    big.write_text((folder / "trees.txt").read_text() * 50)
    out.write_text("old")

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    with process("predict", folder / "m.safetensors", big, "-o", out, preexec_fn=small_files) as child:
        _, err = child.communicate()
    assert child.returncode == 1
    assert err.decode() == f"fastbpts: error: {out}: File too large\n"
    assert out.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["big.txt", "out.txt"]


@pytest.mark.slow
def test_evaluate_tells_what_it_scored_before_a_bad_file(folder, tmp_path):
    bad = tmp_path / "bad.txt"
    bad.write_text("(3 (2 a) (1 b))\n(3 (2 a)\n")
    for option in ([], ["--json"]):
        with process("evaluate", folder / "m.safetensors", folder / "trees.txt", bad, *option) as child:
            out, err = child.communicate()
        assert child.returncode == 1
        assert b"trees.txt" in out
        assert b"bad.txt" not in out
        assert b"bad.txt:2:1" in err
