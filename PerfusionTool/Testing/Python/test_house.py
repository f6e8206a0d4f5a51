"""The house: what the extension's description files say, and how its parts may depend on one another."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MODULE = ROOT / "PerfusionTool"
LIBRARY = MODULE / "PerfusionToolLib"
EXTENSION_CMAKE = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
MODULE_CMAKE = (MODULE / "CMakeLists.txt").read_text(encoding="utf-8")
CATALOG_ENTRY = json.loads((ROOT / "PerfusionTool.json").read_text(encoding="utf-8"))

# Who may import whom: imports run from left to right along DESIGN's road, never back.
MAY_IMPORT = {
    "__init__": set(),
    "perfusion": set(),
    "files": {"perfusion"},
    "studies": {"perfusion", "files"},
    "scene": {"perfusion", "files", "studies"},
    "panels": {"perfusion", "scene"},
    "commands": {"perfusion", "files", "studies"},
    "__main__": {"perfusion", "files", "studies", "commands"},
}
APPLICATION = {"slicer", "vtk", "qt", "ctk", "MRMLCorePython"}
WINDOW = {"qt", "ctk"}
FILE_READERS = {"nibabel", "pydicom", "highdicom", "matplotlib", "tqdm"}
BUNDLED = {"numpy", "scipy", "SimpleITK"}
HEAVY = {"numpy", "scipy", "SimpleITK", "nibabel", "skimage", "matplotlib", "tqdm", "pydicom", "highdicom"}


def cmake_value(name):
    return re.search(rf'set\({name} "(.*?)"\)', EXTENSION_CMAKE).group(1)


def cmake_list(name):
    return re.search(rf"set\({name}\n(.*?)\)", MODULE_CMAKE, re.DOTALL).group(1).split()


def description_file():
    lines = (ROOT / "PerfusionTool.s4ext").read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))


def modules():
    return sorted(LIBRARY.rglob("*.py"))


def imported_names(path):
    """Absolute dotted names that a file imports, wherever in the file."""
    package = path.parent.relative_to(MODULE).parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            whole = ".".join(part for part in (base, node.module) if part)
            yield whole
            yield from (f"{whole}.{alias.name}" for alias in node.names)


def part_of(path):
    first = path.relative_to(LIBRARY).parts[0]
    return first.removesuffix(".py")


@pytest.mark.parametrize(
    ("field", "variable"),
    [
        ("homepage", "EXTENSION_HOMEPAGE"),
        ("category", "EXTENSION_CATEGORY"),
        ("contributors", "EXTENSION_CONTRIBUTORS"),
        ("description", "EXTENSION_DESCRIPTION"),
        ("iconurl", "EXTENSION_ICONURL"),
        ("screenshoturls", "EXTENSION_SCREENSHOTURLS"),
        ("depends", "EXTENSION_DEPENDS"),
    ],
)
def test_description_file_says_what_cmake_says(field, variable):
    assert description_file()[field] == cmake_value(variable)


def test_catalog_entry_says_what_cmake_and_the_description_file_say():
    description = description_file()
    assert CATALOG_ENTRY["category"] == cmake_value("EXTENSION_CATEGORY")
    assert CATALOG_ENTRY["scm_url"] == description["scmurl"]
    assert CATALOG_ENTRY["scm_revision"] == description["scmrevision"]
    depends = cmake_value("EXTENSION_DEPENDS")
    assert CATALOG_ENTRY["build_dependencies"] == ([] if depends == "NA" else depends.split())


def test_version_is_the_same_everywhere():
    from PerfusionToolLib import __version__

    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r'^version = "(.*?)"', pyproject, re.MULTILINE).group(1) == __version__
    assert re.search(r"project\(PerfusionTool VERSION ([\d.]+)", EXTENSION_CMAKE).group(1) == __version__
    assert re.search(r"^## (\S+)", changelog, re.MULTILINE).group(1) == __version__


def test_every_file_of_the_library_is_installed():
    present = {path.relative_to(MODULE).as_posix() for path in [MODULE / "PerfusionTool.py", *modules()]}
    listed = cmake_list("MODULE_PYTHON_SCRIPTS")
    assert sorted(present) == sorted(listed)


def test_every_resource_is_installed():
    present = {p.relative_to(MODULE).as_posix() for p in (MODULE / "Resources").rglob("*") if p.is_file()}
    listed = cmake_list("MODULE_PYTHON_RESOURCES")
    assert sorted(present) == sorted(listed)


def test_every_folder_of_the_library_is_a_package():
    assert [path for path in LIBRARY.rglob("*.py") if not (path.parent / "__init__.py").exists()] == []


def test_only_the_module_lies_beside_the_library():
    # Slicer takes every .py beside PerfusionTool.py for a module of its own.
    assert [path.name for path in MODULE.glob("*.py")] == ["PerfusionTool.py"]


def test_imports_run_one_way():
    backwards = []
    for path in modules():
        allowed = MAY_IMPORT[part_of(path)] | {part_of(path)}
        parts = {
            name.split(".")[1] for name in imported_names(path) if name.startswith("PerfusionToolLib.")
        } & MAY_IMPORT.keys()
        backwards += [f"{path.relative_to(LIBRARY)} imports {part}" for part in parts - allowed]
    assert backwards == []


def test_the_application_is_known_to_scene_and_panels_only():
    offenders = {
        path.relative_to(LIBRARY).as_posix()
        for path in modules()
        if part_of(path) not in ("scene", "panels")
        for name in imported_names(path)
        if name.split(".")[0] in APPLICATION
    }
    assert offenders == set()


def test_the_scene_knows_no_window():
    offenders = {
        f"{path.relative_to(LIBRARY).as_posix()} imports {name}"
        for path in modules()
        if part_of(path) == "scene"
        for name in imported_names(path)
        if name.split(".")[0] in WINDOW
    }
    assert offenders == set()


def test_panels_take_only_public_names_of_the_science():
    from PerfusionToolLib import perfusion

    home = "PerfusionToolLib.perfusion"
    public = {home}
    for name, module in perfusion._HOME.items():
        public |= {f"{home}.{name}", f"{home}.{module}", f"{home}.{module}.{name}"}
    offenders = {
        f"{path.relative_to(LIBRARY).as_posix()} imports {name}"
        for path in modules()
        if part_of(path) == "panels"
        for name in imported_names(path)
        if f"{name}.".startswith(f"{home}.") and name not in public
    }
    assert offenders == set()


def test_the_science_reads_and_draws_nothing():
    offenders = {
        path.relative_to(LIBRARY).as_posix()
        for path in modules()
        if part_of(path) == "perfusion"
        for name in imported_names(path)
        if name.split(".")[0] in FILE_READERS
    }
    assert offenders == set()


@pytest.mark.parametrize(
    "command",
    [["-c", "import PerfusionToolLib, PerfusionToolLib.perfusion"], ["-m", "PerfusionToolLib", "analyze", "--help"]],
    ids=["import", "help"],
)
def test_starting_loads_no_heavy_package(command):
    run = subprocess.run([sys.executable, "-X", "importtime", *command], capture_output=True, text=True, cwd=MODULE)
    assert run.returncode == 0, run.stderr
    loaded = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in run.stderr.splitlines() if "|" in line}
    assert "PerfusionToolLib" in loaded
    assert loaded & HEAVY == set()


STUBS = """
import importlib.abc, importlib.machinery, sys, types

class Anything(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return cls
    def __call__(cls, *given, **named):
        return given[0] if given and isinstance(given[0], type) else cls

class Stub(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything(name, (), {})

class Application(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in ("slicer", "vtk", "qt", "ctk", "SampleData"):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
    def create_module(self, spec):
        return Stub(spec.name)
    def exec_module(self, module):
        pass

sys.meta_path.insert(0, Application())
"""


def test_opening_the_module_loads_nothing_heavy():
    names = [
        ".".join(path.relative_to(MODULE).with_suffix("").parts).removesuffix(".__init__")
        for path in modules()
        if part_of(path) in ("scene", "panels")
    ]
    program = "\n".join([STUBS, "import PerfusionTool", *(f"import {name}" for name in names), "print(*sys.modules)"])
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=MODULE)
    assert run.returncode == 0, run.stderr
    loaded = {name.split(".")[0] for name in run.stdout.split()}
    assert loaded & (HEAVY - {"numpy"}) == set()


def test_signal_to_maps_needs_only_what_slicer_bundles():
    program = f"""
import sys
sys.modules.update(dict.fromkeys({sorted(HEAVY - BUNDLED)}))
from PerfusionToolLib.perfusion import analyze, sample_head
head = sample_head("CT", shape=(12, 80, 80), spacing=(9.6, 2.5, 2.5), noise=1.0)
print(sorted(analyze(head.series).maps))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=MODULE)
    assert run.returncode == 0, run.stderr
    assert {"CBF", "CBV", "MTT", "TTP", "Tmax"} <= set(ast.literal_eval(run.stdout))


def test_what_slicer_does_not_bundle_is_in_requirements():
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    dependencies = ast.literal_eval(re.search(r"^dependencies = (\[.*?\])$", pyproject, re.M | re.S).group(1))
    lines = (MODULE / "Resources" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    requirements = {line for line in lines if line and not line.startswith("#")}
    assert requirements == {line for line in dependencies if re.match(r"[\w-]+", line).group() not in BUNDLED}
