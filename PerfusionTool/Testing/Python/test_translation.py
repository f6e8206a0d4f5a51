"""Texts in the language of the application: how they are written, and that a person sees no others."""

from __future__ import annotations

import ast
import re
import string
import sys
from dataclasses import fields
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PerfusionToolLib.perfusion.settings import METHODS, Settings
from PerfusionToolLib.perfusion.tissue import PRESETS

MODULE = Path(__file__).resolve().parents[2]
LIBRARY = MODULE / "PerfusionToolLib"
TRANSLATED = [
    MODULE / "PerfusionTool.py",
    LIBRARY / "perfusion" / "settings.py",
    *sorted((LIBRARY / "scene").glob("*.py")),
    *sorted((LIBRARY / "panels").glob("*.py")),
]
SLICER_TAKES = re.compile(r"""[^_]_\((\s*?".+?"\s*?)\)""", re.DOTALL)  # update_translations.py of its sources


# -- how texts are written


def marked(tree):
    """The arguments of all calls of _()."""
    return [node.args for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_"]


@pytest.mark.parametrize("path", TRANSLATED, ids=lambda path: path.name)
def test_what_is_marked_is_found_by_the_application_s_tools(path):
    text = path.read_text("utf-8")
    arguments = marked(ast.parse(text))
    for argument in arguments:
        assert len(argument) == 1 and isinstance(argument[0], ast.Constant), ast.unparse(argument[0])
    found = [ast.literal_eval(f"({source})") for source in SLICER_TAKES.findall(text)]
    assert sorted(found) == sorted(argument[0].value for argument in arguments)


@pytest.mark.parametrize("path", TRANSLATED, ids=lambda path: path.name)
def test_placeholders_have_names(path):
    for (argument,) in marked(ast.parse(path.read_text("utf-8"))):
        names = [name for _text, name, _spec, _kind in string.Formatter().parse(argument.value) if name is not None]
        assert all(name.isidentifier() for name in names), argument.value


def test_every_text_of_a_setting_is_marked():
    tree = ast.parse((LIBRARY / "perfusion" / "settings.py").read_text("utf-8"))
    texts = {argument.value for (argument,) in marked(tree)}
    for parameter in fields(Settings):
        told = {parameter.metadata[kind] for kind in ("label", "text", "empty")} - {""}
        assert told <= texts, parameter.name


def test_every_choice_that_is_a_word_has_a_translation(scene):
    from PerfusionToolLib.panels.setting_texts import CHOICES

    names = {*METHODS, "BSW"}
    words = {word for parameter in fields(Settings) for word in parameter.metadata["choices"] or ()} - names
    assert words == set(CHOICES)


# -- what a person sees

# Names, units and symbols are the same in every language.
WORDS_ALIKE = {
    *METHODS,
    *("AIF", "VOF", "CBF", "CBV", "MTT", "Tmax", "TTP", "CSF", "CT", "MR", "DSC", "MRI", "BSW", "HU", "SD", "S0", "ln"),
    *("R", "A", "S", "mm", "ms", "s", "ml", "g", "min"),
    *("NIfTI", "NRRD", "CSV", "JSON", "nii", "gz", "nrrd", "nhdr", "csv", "tsv", "txt", "json"),
}
OTHER_LETTERS = str.maketrans(
    {letter: chr(ord(letter) + 0xFEE0) for letter in string.ascii_letters}  # full-width forms
)


def foreign(text):
    """A text in other letters; its placeholders stay."""
    return "".join(part if part[:1] == "{" else part.translate(OTHER_LETTERS) for part in re.split(r"({[^}]*})", text))


@pytest.fixture
def abroad(application, monkeypatch):
    """The application speaks a language of other letters; scene/ and panels/ are loaded anew in it, and again after."""
    import slicer.i18n

    monkeypatch.setattr(slicer.i18n, "tr", foreign)
    monkeypatch.setattr(slicer.i18n, "translate", lambda context, text: foreign(text))
    _forget_modules(monkeypatch)
    yield
    for name in _translated_modules():
        del sys.modules[name]


def _translated_modules():
    heads = ("PerfusionToolLib.scene", "PerfusionToolLib.panels")
    return [name for name in sys.modules if name.startswith(heads) or name == "PerfusionTool"]


def _forget_modules(monkeypatch):
    import PerfusionToolLib

    for name in _translated_modules():
        monkeypatch.delitem(sys.modules, name)
    for package in ("scene", "panels"):
        monkeypatch.delattr(PerfusionToolLib, package, raising=False)


@pytest.fixture
def panel(abroad):
    """The module's window with maps of a CT head."""
    import slicer
    from panel_window import UI, add_scan, make_logic, settle
    from PerfusionToolLib.panels.frame import PerfusionPanel

    window = slicer.util.loadUI(str(UI))
    window.setMRMLScene(slicer.mrmlScene)
    panel = PerfusionPanel(window, make_logic())
    panel.window = window
    panel.enter()
    scan = add_scan()
    scan.SetName("Scan")
    settle(panel)
    panel.compute()
    settle(panel)
    yield panel
    panel.exit()
    panel.cleanup()
    window.delete()


def told_by_the_science(study):
    """Sentences of perfusion/ and files/ are English in every language."""
    analysis = study.analysis
    candidates = [*analysis.arterial_input.candidates, *analysis.venous_output.candidates]
    yield from (*study.warnings, *analysis.estimate.notes, analysis.arterial_input.scale_reason)
    yield from (candidate.reason for candidate in candidates)
    yield from (text for preset in PRESETS.values() for text in (preset.source, preset.bias))


def names(parameters):
    """Maps, colour tables, and what a person may give another name in the scene."""
    from PerfusionToolLib.perfusion.maps import UNITS
    from PerfusionToolLib.scene.colours import COLOURS
    from PerfusionToolLib.scene.nodes import proxy_volume

    nodes = (parameters.scan, proxy_volume(parameters.scan), parameters.segmentation)
    yield from (*UNITS, *COLOURS, *(node.GetName() for node in nodes))
    segmentation = parameters.segmentation.GetSegmentation()
    yield from (segmentation.GetNthSegment(number).GetName() for number in range(segmentation.GetNumberOfSegments()))


def texts_in_ui():
    """Texts of the .ui file are translated by Qt, under the file's own context."""
    file = MODULE / "Resources" / "UI" / "PerfusionTool.ui"
    return [element.text for element in ElementTree.parse(file).iter("string") if element.text]


def texts_of(widget):
    """All that a widget shows or tells when the mouse rests on it."""
    from PySide6 import QtWidgets

    yield widget.toolTip()
    typed = isinstance(widget, (QtWidgets.QAbstractSpinBox, QtWidgets.QLineEdit))
    for name in ("suffix", "placeholderText") if typed else ("text", "noneDisplay"):
        if callable(getattr(widget, name, None)):
            yield str(getattr(widget, name)())
    if isinstance(widget, QtWidgets.QComboBox):
        yield from (widget.itemText(index) for index in range(widget.count()))
    if isinstance(widget, QtWidgets.QTableWidget):
        for column in range(widget.columnCount()):
            yield widget.horizontalHeaderItem(column).text()
            yield from (widget.item(row, column).text() for row in range(widget.rowCount()) if widget.item(row, column))


def english(text, known):
    """Words of a text that are neither translated, nor known, nor alike in every language."""
    for sentence in sorted(known, key=len, reverse=True):
        text = text.replace(sentence, " ")
    return [word for word in re.findall(r"\b[A-Za-z]\w*", text, re.ASCII) if word not in WORDS_ALIKE]


def test_a_person_sees_no_other_language_in_the_window(panel):
    from PySide6 import QtWidgets
    from slicerhost.pythonqt import unwrap

    known = {*texts_in_ui(), *told_by_the_science(panel.work.study), *names(panel.work.parameters)} - {""}
    window = unwrap(panel.window)
    widgets = [window, *window.findChildren(QtWidgets.QWidget)]
    found = {text: words for widget in widgets for text in texts_of(widget) if (words := english(text, known))}
    assert len(widgets) > 150
    assert not found, "\n".join(f"{words} in {text!r}" for text, words in found.items())


def test_a_person_sees_no_other_language_in_the_charts(panel):
    from PerfusionToolLib.scene.curves import chart_series
    from PerfusionToolLib.scene.probing import put_voxel_chart

    study, parameters = panel.work.study, panel.work.parameters
    put_voxel_chart(parameters, study.analysis, study.voxel_reading(study.analysis.arterial_input.candidates[0].place))
    shown = []
    for name in ("curves", "bolus", "motion", "probe"):
        chart = getattr(parameters, f"{name}Chart")
        series = chart_series(chart)
        assert all(node.GetYColumnName() == node.GetName() for node in series)
        shown += [chart.GetXAxisTitle(), chart.GetYAxisTitle(), *(node.GetName() for node in series)]
    assert len(shown) > 20 and not [text for text in shown if english(text, ())]
