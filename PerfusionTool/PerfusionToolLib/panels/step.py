"""What the panels of all steps have in common: a state line, forms of settings, and the work they may ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import qt

from ..perfusion.errors import PerfusionError
from .parameter_form import ParameterForm

MARKS = {"waiting": "○", "running": "●", "done": "✓", "attention": "!"}
LONGEST_TITLE = 58
NARROWEST = 200


@dataclass
class Work:
    """What a panel works on and may ask for; the frame keeps it up to date.

    Parameters
    ----------
    study : SceneStudy
        Other after another parameter node; never keep it.
    parameters : PerfusionToolParameterNode
        Likewise.
    run : callable
        ``run(steps, done=None, urgent=False, failed=None)`` starts a generator of `Progress` in place of what runs;
        ``done`` is called with what it returned, ``failed`` with the sentence of its failure.
    compute : callable
        ``compute(until=None)`` does all steps that are to be done, up to one step where it is named.
    follow : callable
        ``follow(until=None)`` computes again if there are maps already; without maps it stops after ``until``, or
        does nothing.
    say : callable
        ``say(sentence)`` shows a sentence in the frame's message line; "" clears it.
    show_chart : callable
        ``show_chart(name)`` puts the chart "curves", "bolus", "motion" or "probe" into the plot view.
    entered : bool
        True while the module is the one that is shown.
    editing : bool
        True while a person edits a segment in the Segment Editor, so that leaving the module keeps the layout.
    """

    study: object
    parameters: object
    run: Callable
    compute: Callable
    follow: Callable
    say: Callable
    show_chart: Callable
    entered: bool = False
    editing: bool = False


class StepPanel:
    """One step's section of the window. A subclass sets `name` and `chart`, and extends `build` and `refresh`.

    Parameters
    ----------
    section : ctkCollapsibleButton
        Whose layout takes the widgets.
    state_label : QLabel
        The line that says how the step stands.
    work : Work

    Attributes
    ----------
    name : str
        The step as the study calls it: "scan", "preparation", "brain_mask", "bolus", "arterial_input", "maps", "probe",
        "tissue", "comparison", "saving".
    chart : str
        Chart shown when the section is opened, or "".
    layout : QVBoxLayout
    """

    name = ""
    chart = ""

    def __init__(self, section, state_label, work: Work):
        self.section = section
        self.work = work
        self.layout = section.layout()
        self._state_label = state_label
        self._title = section.text
        self._forms = []
        self._kind = None
        self._sentence = ""
        self._failure = ""
        self._opening = False
        # Else the section, and with it the window, would be as wide as its longest title.
        section.minimumWidth = NARROWEST
        self.build()
        section.connect("contentsCollapsed(bool)", self._on_collapsed)

    # -- for subclasses

    def build(self) -> None:
        """Make the widgets."""

    def refresh(self) -> None:
        """Show what the parameter node and the study hold; called after every change of either, coalesced."""
        self.refresh_state()
        for form in self._forms:
            form.refresh()

    def refresh_state(self) -> None:
        """Show how the step stands; called while work goes on, too."""
        state = self.work.study.state(self.name)
        if self._failure:
            self._show_state("attention", self._failure)
        else:
            self._show_state(state.kind, state.sentence)

    def leave(self) -> None:
        """The module is left: stop what waits for a person's click."""

    def forget(self) -> None:
        """Another scan is worked on, the scene closes, or the panel goes: let go of nodes, observers and sentences."""
        if self._failure:
            self._failure = ""
            self.work.say("")

    # -- tools

    def add_form(self, names) -> ParameterForm:
        """A form of settings at the end of the section, kept up to date by `refresh`."""
        form = ParameterForm(names, self.work)
        self.layout.addLayout(form.layout)
        self._forms.append(form)
        return form

    def add_button(self, text: str, tool_tip: str, clicked: Callable[[], None], layout=None):
        """A push button at the end of the section, or of a layout."""
        button = qt.QPushButton(text)
        button.toolTip = tool_tip
        button.connect("clicked()", clicked)
        (self.layout if layout is None else layout).addWidget(button)
        return button

    def add_line(self, tool_tip: str = "", layout=None):
        """An empty line of text that wraps at the end of the section, or of a layout."""
        label = qt.QLabel("")
        label.wordWrap = True
        label.toolTip = tool_tip
        (self.layout if layout is None else layout).addWidget(label)
        return label

    def add_row(self):
        """A row for widgets at the end of the section."""
        row = qt.QHBoxLayout()
        self.layout.addLayout(row)
        return row

    def attempt(self, change: Callable, *arguments) -> bool:
        """Do a quick change; where it cannot be done say why, in the state line and in the message line."""
        try:
            change(*arguments)
        except PerfusionError as error:
            self.fail(str(error))
            return False
        self.forgive()
        return True

    def fail(self, sentence: str) -> None:
        """Show what could not be done until something else is tried."""
        self._failure = sentence
        self._show_state("attention", sentence)
        self.work.say(sentence)

    def forgive(self) -> None:
        """Something else is tried: the state line shows the study's state again."""
        if self._failure:
            self._failure = ""
            self.work.say("")
            self.refresh()

    def ask_file_to_open(self, title: str, filters: str) -> str:
        """Path that a person chooses, "" for none."""
        return qt.QFileDialog.getOpenFileName(self.section, title, "", filters) or ""

    def ask_file_to_save(self, title: str, name: str, filters: str) -> str:
        """Path that a person chooses for a new file, "" for none."""
        return qt.QFileDialog.getSaveFileName(self.section, title, name, filters) or ""

    def ask_folder(self, title: str) -> str:
        """Folder that a person chooses, "" for none."""
        return qt.QFileDialog.getExistingDirectory(self.section, title) or ""

    def _show_state(self, kind, sentence):
        self._state_label.text = f"{MARKS[kind]} {sentence}"
        self._sentence = sentence
        if kind == "attention" and self._kind != "attention":
            self._opening = True
            self.section.collapsed = False
            self._opening = False
        self._kind = kind
        self._show_title()

    def _show_title(self):
        """The title tells the state of a step that is not open in one line."""
        title = f"{MARKS[self._kind]} {self._title}"
        if self.section.collapsed:
            title = shortened(f"{title}: {self._sentence}")
        self.section.text = title
        self.section.toolTip = self._sentence

    def _on_collapsed(self, collapsed):
        self._show_title()
        # A person who opens a section wants its chart; one that opens by itself leaves the chart as it is.
        if self.chart and not collapsed and not self._opening:
            self.work.show_chart(self.chart)


def shortened(text: str) -> str:
    """A text that fits into a title."""
    return text if len(text) <= LONGEST_TITLE else f"{text[: LONGEST_TITLE - 1].rstrip()}…"
