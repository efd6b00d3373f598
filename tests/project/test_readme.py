"""README.md and docs/ are right: the example runs, options exist and are described, links lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

import fastbpts

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    str(p.relative_to(ROOT)) for p in [*ROOT.glob("*.md"), *ROOT.glob(".github/*.md"), *ROOT.glob("docs/**/*.md")]
)
pytestmark = pytest.mark.skipif(not PAGES, reason="README.md and docs/ are in the source folder only")


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def options() -> dict[str, set[str]]:
    """The options of each command."""
    from fastbpts.cli.app import app

    commands: dict[str, typer.core.TyperCommand] = vars(typer.main.get_command(app))["commands"]
    every = {
        name: [o for p in command.params for o in (*p.opts, *p.secondary_opts)] for name, command in commands.items()
    }
    return {name: {o for o in found if o.startswith("-")} for name, found in every.items()}


@pytest.mark.slow
def test_example(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", text("README.md"), re.DOTALL)
    assert len([line for line in code.splitlines() if line]) <= 10
    run = [sys.executable, "-W", "error", "-c", code]
    env = {**os.environ, "PYTHONPATH": str(Path(fastbpts.__file__).parent.parent)}
    said = subprocess.run(run, cwd=tmp_path, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
    scores = re.search(r"accuracy (\S+) at the root, (\S+) over all nodes", said)
    assert scores is not None
    assert float(scores[1]) > 0.6
    assert float(scores[2]) > 0.9


def test_three_commands() -> None:
    lines = [line.strip() for line in text("README.md").splitlines() if line.startswith("    ")]
    setup = [line for line in lines if line.startswith("python3 -m venv .venv && .venv/bin/pip install -q ")]
    programs = [line.rpartition("&& .venv/bin/")[2] for line in setup]
    assert programs == ["fastbpts demo", "python -m pytest -q", "fastbpts bench"]


@pytest.mark.parametrize("page", ["README.md", "docs/cli.md"])
def test_commands_exist(page: str) -> None:
    known = options()
    examples = re.findall(r"^ {4}.*?\bfastbpts ([a-z][a-z0-9-]*)([^|&\n]*)", text(page), re.MULTILINE)
    assert len(examples) >= 5
    for command, arguments in examples:
        assert set(re.findall(r"(?<=\s)--?[a-z][\w-]*", arguments)) <= known[command]


def test_every_option_is_described() -> None:
    common, *sections = re.split(r"^## ", text("docs/cli.md"), flags=re.MULTILINE)
    described = {name: common + s for s in sections for name in s.partition("\n")[0].split(", ")}
    assert set(described) == set(options())
    for command, known in options().items():
        missing = [o for o in known if not re.search(rf"(?<![\w-]){o}(?![\w-])", described[command])]
        assert not missing, f"{command}: {missing}"


@pytest.mark.parametrize("page", PAGES)
def test_links(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text(page)):
        if not re.match(r"https?://|#", target):
            assert (ROOT / page).parent.joinpath(target.partition("#")[0]).exists(), target
