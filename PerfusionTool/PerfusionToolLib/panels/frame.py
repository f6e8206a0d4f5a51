"""The module's window: the scan, one button that does all steps, and a section for each step."""

from __future__ import annotations

import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from ..perfusion.errors import PerfusionError
from ..scene import views
from ..scene.parameters import MAPS
from ..scene.showing import show_study
from .bolus_panel import BolusPanel
from .brain_mask_panel import BrainMaskPanel
from .comparison.panel import ComparisonPanel
from .focus_order import order_sections
from .maps_panel import MapsPanel
from .module_changes import ModuleChanges
from .preparation_panel import PreparationPanel
from .probe_panel import ProbePanel
from .runner import Runner
from .saving_panel import SavingPanel
from .scan_choice import ScanChoice
from .scan_panel import ScanPanel
from .segment_edits import EDITOR
from .step import Work
from .timers import single_shot
from .tissue.panel import TissuePanel
from .vessels.panel import ArterialInputPanel

PANELS = {
    "scan": ScanPanel,
    "preparation": PreparationPanel,
    "brainMask": BrainMaskPanel,
    "bolus": BolusPanel,
    "arterialInput": ArterialInputPanel,
    "maps": MapsPanel,
    "probe": ProbePanel,
    "tissue": TissuePanel,
    "comparison": ComparisonPanel,
    "saving": SavingPanel,
}


class PerfusionPanel(VTKObservationMixin):
    """Fills the window made of Resources/UI/PerfusionTool.ui and keeps it in step with the scene.

    Parameters
    ----------
    window : qMRMLWidget
        As `slicer.util.loadUI` gives it.
    logic : PerfusionToolLogic
        Gives the parameter node and the study.

    Attributes
    ----------
    ui : object
        The window's widgets by name.
    panels : dict of str to StepPanel
        The steps' panels by the study's names of the steps.
    runner : Runner
    work : Work
    """

    def __init__(self, window, logic):
        super().__init__()
        self.ui = slicer.util.childWidgetVariables(window)
        self.logic = logic
        self.runner = Runner(self._show_progress, self._end)
        self.work = Work(None, None, self.run, self.compute, self.follow, self.say, self.show_chart)
        self.panels = {}
        self._window = window
        self._scan = None
        self._chart = "curves"
        self._stage = ""
        self._former_layout = None
        self._refresh_timer = single_shot(0, self.refresh)
        self._module_changes = ModuleChanges(self._on_module)
        self._scan_choice = ScanChoice(self.ui.scanSelector, self.work, self._note_scan_removal)
        self.attach()
        for name, panel_class in PANELS.items():
            panel = panel_class(getattr(self.ui, f"{name}Section"), getattr(self.ui, f"{name}State"), self.work)
            self.panels[panel.name] = panel
        order_sections([getattr(self.ui, f"{name}Section") for name in PANELS])
        window.layout().addStretch(1)
        self.ui.computeButton.connect("clicked()", self._compute_or_cancel)
        self._observe_scene()
        self.say("")
        self.refresh()

    # -- the module's life

    def enter(self) -> None:
        """The module is opened: its layout, and the only scan chosen by itself."""
        self.work.entered = True
        self.work.editing = False
        self.attach()
        views.enter_layout()
        self._scan_choice.choose_only()
        self.refresh()
        self._show_study()

    def exit(self) -> None:
        """The module is left: the former layout comes back, unless a segment is being edited. Work goes on."""
        self.work.entered = False
        for panel in self.panels.values():
            panel.leave()
        if not self.work.editing:
            views.leave_layout()

    def cleanup(self) -> None:
        """The window goes: nothing of it is called any more."""
        self._detach()
        self._module_changes.forget()
        self._scan_choice.removeObservers()
        self.removeObservers()

    def _on_module(self, name):
        """From the Segment Editor a person may go on to another module than this one."""
        if self.work.editing and not self.work.entered and name != EDITOR:
            self.work.editing = False
            views.leave_layout()

    def attach(self) -> None:
        """Take up the scene's parameter node and study."""
        parameters, study = self.logic.getParameterNode(), self.logic.study
        if parameters is self.work.parameters and study is self.work.study:
            return
        self._detach()
        self.work.parameters, self.work.study = parameters, study
        self.addObserver(parameters.parameterNode, "ModifiedEvent", self._refresh_later)
        study.observers.append(self._refresh_later)

    def _detach(self):
        """Stop the work and let go of the study and its nodes."""
        self.runner.cancel()
        for panel in self.panels.values():
            panel.leave()
            panel.forget()
        if self.work.study is not None:
            self.work.study.observers.remove(self._refresh_later)
            self.removeObserver(self.work.parameters.parameterNode, "ModifiedEvent", self._refresh_later)
        self.work.parameters = self.work.study = self._scan = None
        self._refresh_timer.stop()

    # -- what panels may ask for

    def run(self, steps, done=None, urgent=False, failed=None) -> None:
        """Start work in place of what runs."""
        self.say("")
        for panel in self.panels.values():
            panel.forgive()
        self.runner.start(steps, done, urgent, failed)
        self._show_running()

    def compute(self, until=None) -> None:
        """Do all steps that are to be done, up to one of them where it is named."""
        self.run(self.work.study.steps(until))

    def follow(self, until=None) -> None:
        """Compute again if there are maps; without maps stop after a step, or do nothing."""
        if self.reason_against():
            return
        if any(getattr(self.work.parameters, name) for name in MAPS):
            self.compute()
        elif until:
            self.compute(until)

    def say(self, sentence: str) -> None:
        """Show a sentence in the message line."""
        self.ui.messageLabel.text = sentence
        self.ui.messageLabel.visible = bool(sentence)

    def show_chart(self, name: str) -> None:
        """Put a chart into the plot view, as soon as there is one."""
        self._chart = name
        chart = getattr(self.work.parameters, f"{name}Chart")
        if chart is not None:
            views.show_chart(chart)

    # -- the button and the work

    def reason_against(self) -> str:
        """Why nothing can be computed, "" where it can."""
        if self.work.parameters.scan is None:
            return _("Choose a 4D scan first: load one, or take sample data below.")
        try:
            self.work.study.read_scan()
        except PerfusionError as error:
            return str(error)
        return ""

    def _compute_or_cancel(self):
        if self.runner.running:
            self.runner.cancel()
        else:
            self.compute()

    def _show_progress(self, progress):
        part = progress.fraction if progress.overall is None else progress.overall
        self.ui.progressBar.value = round(100 * part)
        self.say(progress.text)
        if progress.stage != self._stage:
            self._stage = progress.stage
            for panel in self.panels.values():
                panel.refresh_state()

    def _end(self, sentence, cancelled):
        self.say(_("Cancelled; what was finished is kept.") if cancelled else sentence or "")
        self._show_running()
        self.show_chart(self._chart)
        self._refresh_later()

    def _show_running(self):
        running = self.runner.running
        button, reason = self.ui.computeButton, "" if running else self.reason_against()
        purpose = _("Stop; what is finished is kept") if running else _("Do all steps, up to the maps")
        button.text = _("Cancel") if running else _("Compute maps")
        button.enabled = not reason
        button.toolTip = reason or purpose
        self.ui.progressBar.visible = running

    # -- showing

    def refresh(self) -> None:
        """Show what the parameter node and the study hold."""
        if self.work.study is None or slicer.mrmlScene.IsBatchProcessing():
            return
        self._scan_choice.refresh()
        if self.work.parameters.scan is not self._scan:
            self._change_scan(self.work.parameters.scan)
        for panel in self.panels.values():
            panel.refresh()
        if not views.shows_chart():
            self.show_chart(self._chart)
        self.ui.warningsLabel.text = "\n".join(self.work.study.warnings)
        self.ui.warningsLabel.visible = bool(self.work.study.warnings)
        self._show_running()

    def _refresh_later(self, *_arguments):
        # After a click and in a drag the curve and the maps come first; the end of the work shows the rest.
        if not self.runner.urgent:
            self._refresh_timer.start()

    def _change_scan(self, node):
        """Another scan is worked on: whoever has chosen it."""
        self.runner.cancel()
        for panel in self.panels.values():
            panel.forget()
        self._scan = node
        self._show_study()

    def _show_study(self):
        """In the views, unless the scan cannot be read: then the scene stays as it is."""
        if self._scan is not None and self._can_be_shown():
            show_study(self.work.parameters)

    def _can_be_shown(self):
        """Also where times or echo time are not known yet."""
        try:
            self.work.study.read_scan()
        except PerfusionError:
            return self.work.study.scan is not None
        return True

    # -- the scene

    def _observe_scene(self):
        scene = slicer.mrmlScene
        for event in (scene.StartCloseEvent, scene.StartImportEvent):
            self.addObserver(scene, event, self._leave_scene)
        for event in (scene.EndCloseEvent, scene.EndImportEvent):
            self.addObserver(scene, event, self._take_up_scene)
        for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent):
            self.addObserver(scene, event, self._refresh_later)

    def _leave_scene(self, *_arguments):
        self._former_layout = views.former_layout()
        self.runner.cancel()
        if self.work.study is not None:
            self.work.study.close()
        self._detach()

    def _take_up_scene(self, *_arguments):
        if self.work.entered or self._window.visible:
            self.attach()
            if self.work.entered:
                # The scene has reset its views, or brought its own layout.
                views.enter_layout(self._former_layout)
            self._scan_choice.choose_only()
            self._refresh_later()

    def _note_scan_removal(self):
        self.runner.cancel()
        self.say(_("The scan was removed from the scene; choose another."))
