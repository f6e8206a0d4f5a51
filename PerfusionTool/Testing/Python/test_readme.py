"""What the README shows works: its shell and Python examples are run, on a small sample head."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from PerfusionToolLib.commands import main

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SMALL = ["--shape", "72,72,10", "--frames", "32", "--noise", "1"]


def examples(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def shell_lines(start):
    lines = [line for example in examples("bash") for line in example.splitlines()]
    return [shlex.split(line.removeprefix(start)) for line in lines if line.startswith(start)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("readme")


def test_shell_examples_work_one_after_the_other(folder, monkeypatch):
    monkeypatch.chdir(folder)
    commands = shell_lines("python -m PerfusionToolLib ")
    assert {words[0] for words in commands} == {"sample", "analyze"}
    for words in commands:
        assert main([*words, *SMALL] if words[0] == "sample" else words) == 0
    first, again = ((folder / name / "CBF.nii.gz").read_bytes() for name in ("results", "again"))
    assert first == again


def test_python_examples_work_one_after_the_other(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    if not (folder / "head.nii.gz").exists():
        main(["sample", "ct", "head.nii.gz", *SMALL])
    namespace = {}
    for example in examples("python"):
        exec(compile(example, "README.md", "exec"), namespace)
    assert (folder / "CBF.nii.gz").exists()
    assert re.search(r"median CBF \d+\.\d ml/100g/min", capsys.readouterr().out)


def test_commands_of_dev_py_exist():
    developer = (ROOT / "dev.py").read_text(encoding="utf-8")
    known = set(re.findall(r'"(\w+)": \w+[,}]', developer))
    shown = {words[0] for words in shell_lines("python3 dev.py ")}
    assert shown == known


def test_files_and_pictures_that_the_readme_points_to_exist():
    targets = re.findall(r"\]\((?!https?://)([^)#]+)", README)
    assert len(targets) >= 5
    assert [target for target in targets if not (ROOT / target).exists()] == []
