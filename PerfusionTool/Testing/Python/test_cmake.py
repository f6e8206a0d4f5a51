"""The extension's CMake files, configured and installed with stand-ins for Slicer's macros: nothing is left behind."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MODULE = ROOT / "PerfusionTool"
INSTALLED = "lib/qt-scripted-modules"

# The macros check and install what they are given as Slicer's do; what they are not prepared for ends the run.
SLICER_CONFIG = r"""
set(Slicer_USE_FILE "${CMAKE_CURRENT_LIST_DIR}/UseSlicer.cmake")
set(Slicer_EXTENSION_GENERATE_CONFIG "${CMAKE_CURRENT_LIST_DIR}/GenerateConfig.cmake")
set(Slicer_EXTENSION_CPACK "${CMAKE_CURRENT_LIST_DIR}/CPack.cmake")
"""
USE_SLICER = r"""
option(BUILD_TESTING "" ON)
enable_testing()

macro(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(MY "WITH_GENERIC_TESTS" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  if(NOT "${MY_UNPARSED_ARGUMENTS}" STREQUAL "" OR NOT MY_NAME)
    message(FATAL_ERROR "NAME is mandatory; not known: ${MY_UNPARSED_ARGUMENTS}")
  endif()
  foreach(file ${MY_SCRIPTS} ${MY_RESOURCES})
    if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
      message(FATAL_ERROR "nonexistent file '${file}'")
    endif()
    get_filename_component(folder "${file}" PATH)
    install(FILES "${file}" DESTINATION "lib/qt-scripted-modules/${folder}")
  endforeach()
  if(BUILD_TESTING AND MY_WITH_GENERIC_TESTS)
    add_test(NAME "py_nomainwindow_qSlicer${MY_NAME}ModuleGenericTest" COMMAND Slicer)
  endif()
endmacro()

macro(slicer_add_python_unittest)
  cmake_parse_arguments(MY "" "SCRIPT;TESTNAME_PREFIX" "SLICER_ARGS" ${ARGN})
  if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${MY_SCRIPT}")
    message(FATAL_ERROR "nonexistent test '${MY_SCRIPT}'")
  endif()
  get_filename_component(name "${MY_SCRIPT}" NAME_WE)
  add_test(NAME "py_${MY_TESTNAME_PREFIX}${name}" COMMAND Slicer)
endmacro()
"""
DESCRIPTION = ("HOMEPAGE", "CATEGORY", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS", "DEPENDS")
GENERATE_CONFIG = "\n".join(
    f'if("${{EXTENSION_{name}}}" STREQUAL "")\n  message(FATAL_ERROR "EXTENSION_{name} is not set")\nendif()'
    for name in DESCRIPTION
)


def program(name):
    """The program beside this Python or on the path."""
    found = shutil.which(name, path=Path(sys.executable).parent) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(name, *arguments):
    done = subprocess.run([program(name), *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def configured(folder, *options):
    """Configure the extension against the stand-ins; the build folder."""
    slicer, build = folder / "Slicer", folder / "build"
    slicer.mkdir()
    (slicer / "SlicerConfig.cmake").write_text(SLICER_CONFIG)
    (slicer / "UseSlicer.cmake").write_text(USE_SLICER)
    (slicer / "GenerateConfig.cmake").write_text(GENERATE_CONFIG)
    (slicer / "CPack.cmake").write_text('set(PACKED "yes" CACHE STRING "")')
    # Nothing is compiled, so any program passes for the tools that CMake asks for.
    tools = [f"-DCMAKE_{tool}={sys.executable}" for tool in ("MAKE_PROGRAM", "C_COMPILER", "CXX_COMPILER")]
    tools += [f"-DCMAKE_{language}_COMPILER_{done}=1" for language in ("C", "CXX") for done in ("ID_RUN", "FORCED")]
    run("cmake", "-S", ROOT, "-B", build, "-G", "Unix Makefiles", f"-DSlicer_DIR={slicer}", *tools, *options)
    return build


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    return configured(tmp_path_factory.mktemp("extension"))


def files_below(folder):
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_every_file_of_the_module_is_installed_where_it_lies(build, tmp_path):
    run("cmake", "--install", build, "--prefix", tmp_path)
    parts = ("PerfusionToolLib", "Resources")
    expected = {"PerfusionTool.py"} | {f"{part}/{name}" for part in parts for name in files_below(MODULE / part)}
    assert files_below(tmp_path / INSTALLED) == expected
    assert files_below(tmp_path) == {f"{INSTALLED}/{name}" for name in expected}


def test_slicer_runs_the_modules_own_tests(build):
    listed = run("ctest", "--test-dir", build, "-N")
    assert "py_PerfusionTool\n" in listed
    assert "py_nomainwindow_qSlicerPerfusionToolModuleGenericTest\n" in listed


def test_nothing_is_tested_where_tests_are_switched_off(tmp_path):
    build = configured(tmp_path, "-DBUILD_TESTING=OFF")
    assert "Total Tests: 0" in run("ctest", "--test-dir", build, "-N")


def test_the_extension_is_described_and_packed(build):
    cache = (build / "CMakeCache.txt").read_text()
    assert "PACKED:STRING=yes" in cache
