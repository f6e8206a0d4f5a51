"""What README and guide show works: their shell, Python and console examples are run, on small sample heads."""

from __future__ import annotations

import functools
import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import dicom_on_disk
import pytest
from PerfusionToolLib.commands import main
from PerfusionToolLib.files import write_series
from PerfusionToolLib.perfusion.phantom import sample_head

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
SMALL = ["--shape", "64,64,8", "--frames", "28", "--noise", "1"]
SMALL_HEAD = {"shape": (6, 64, 64), "spacing": (8.0, 3.0, 3.0)}
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/*.md"))]


def examples(language, text=README):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def shell_lines(start):
    lines = [line for example in examples("bash") for line in example.splitlines()]
    return [shlex.split(line.removeprefix(start)) for line in lines if line.startswith(start)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("readme")


def test_shell_examples_work_one_after_the_other(folder, monkeypatch):
    monkeypatch.chdir(folder)
    commands = shell_lines("python -m PerfusionToolLib ")
    assert {words[0] for words in commands} == {"sample", "analyze", "compare", "dataset"}
    for words in commands:
        assert main([*words, *SMALL] if words[0] == "sample" else words) == 0
    first, again = ((folder / name / "CBF.nii.gz").read_bytes() for name in ("results", "again"))
    assert first == again
    assert (folder / "results" / "comparison.csv").exists()
    assert (folder / "all" / "index.html").exists()


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


@pytest.fixture
def data(tmp_path):
    """What the guide calls /data: an MR scan, and a CT scan as DICOM."""
    dsc, ctp = (sample_head(modality, integer=True, **SMALL_HEAD).series for modality in ("MR", "CT"))
    write_series(tmp_path / "dsc.nii.gz", dsc.signal, dsc.grid, dsc.times)
    dicom_on_disk.write(tmp_path / "ctp_dicom", dicom_on_disk.images_of(ctp))
    return tmp_path


def test_console_examples_of_the_guide_work_one_after_the_other(scene, data, monkeypatch, capsys):
    pytest.importorskip("highdicom")
    import slicer

    import PerfusionTool

    logic = PerfusionTool.PerfusionToolLogic()
    logic.getParameterNode().motion_correction = False
    widget = SimpleNamespace(self=lambda: SimpleNamespace(logic=logic))
    module = SimpleNamespace(widgetRepresentation=lambda: widget)
    monkeypatch.setattr(slicer.modules, "perfusiontool", module, raising=False)
    monkeypatch.setattr(logic, "loadSampleData", functools.partial(logic.loadSampleData, **SMALL_HEAD))
    namespace = {"slicer": slicer}
    for example in examples("python", GUIDE):
        if "getNode" in example:
            add_other_cbf(logic)
        exec(compile(example.replace("/data", data.as_posix()), "guide.md", "exec"), namespace)
    assert "Research use only" in capsys.readouterr().out
    assert namespace["comparison"].maps["CBF"].measures["Pearson"] > 0.999
    for name in ("aif.csv", "tissue.csv", "comparison.csv", "report.html", "results/CBF.nii.gz"):
        assert (data / name).exists()
    assert any((data / "maps_dicom").iterdir())


def add_other_cbf(logic):
    import slicer
    from PerfusionToolLib.scene.volumes import put_volume, volume_array, volume_grid

    own = logic.mapVolume("CBF")
    put_volume(None, 1.05 * volume_array(own), volume_grid(own), "Other CBF", slicer.mrmlScene)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_pictures_and_chapters_that_a_page_points_to_exist(page):
    links = re.findall(r"\]\((?!https?://)([^)#]*)#?([^)]*)\)", page.read_text(encoding="utf-8"))
    targets = [(page.parent / target if target else page, chapter) for target, chapter in links]
    assert [target for target, _ in targets if not target.exists()] == []
    assert [chapter for target, chapter in targets if chapter and chapter not in chapters(target)] == []


def chapters(path):
    """Names of chapters, as links to them spell them."""
    titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


def test_every_picture_of_the_documents_is_shown():
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    pictures = [path.name for path in ROOT.glob("docs/pictures/*.png")]
    assert [name for name in pictures if f"pictures/{name}" not in text] == []
