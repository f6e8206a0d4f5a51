"""A walk through the panel with a picture at every stop: those of the guide."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

LATE = 6.0
WITH_UNCERTAINTY = "Bayesian"
OTHER_MAPS = {"PerfusionCBV": "CBF SD", "PerfusionTmax": "Delay", "PerfusionTTP": "Quality"}
SECTIONS = (
    "scan",
    "preparation",
    "brainMask",
    "bolus",
    "arterialInput",
    "maps",
    "probe",
    "tissue",
    "comparison",
    "saving",
)
COMPARED = "CBF"
REPORT = "report.html"


class Tour:
    """Presses the panel's buttons as a person does.

    Parameters
    ----------
    opened : Opened
        The module with a scan in the scene.
    folder : Path
        Takes the pictures.
    truth : dict of str to vtkMRMLScalarVolumeNode
        By map; what the maps are compared with.
    """

    def __init__(self, opened, folder: Path, truth: dict):
        self.opened = opened
        self.folder = folder
        self.truth = truth
        self.panel = opened.panel
        self.ui = opened.panel.ui

    def take(self) -> None:
        """All stops, in the order of the work."""
        self.open_sections("scan")
        self.picture("1-scan")
        self.compute()
        self.open_sections()
        self.picture("2-maps")
        self.correct_arterial_input()
        self.show_late_tissue()
        self.look_at("preparation", "5-preparation")
        self.look_at("brainMask", "6-brain-mask")
        self.look_at("bolus", "7-bolus")
        self.look_at("maps", "8-options")
        self.choose_maps()
        self.probe()
        self.open_sections("arterialInput")
        self.panel.panels["arterial_input"].automatic_button.click()
        self.opened.wait()
        self.find_tissue()
        self.compare()
        self.save()

    def compute(self):
        """Press the button, wait for the maps."""
        from slicerhost.mouse import click

        started = time.perf_counter()
        click(self.ui.computeButton)
        self.opened.wait()
        print(f"maps in the scene after {time.perf_counter() - started:.1f} s", flush=True)
        self.say_failure()

    def correct_arterial_input(self):
        """Another candidate, then a seed in an artery."""
        import slicer
        from slicerhost.mouse import click, click_view

        section = self.panel.panels["arterial_input"]
        self.open_sections("arterialInput")
        section.table.widget.selectRow(1)
        self.opened.wait()
        self.picture("3-candidate")
        place = self.panel.work.study.analysis.arterial_input.candidates[0].place
        view = slicer.app.layoutManager().sliceWidget("PerfusionScan")
        self.show_slice(place)
        click(section.seed_button)
        started = time.perf_counter()
        click_view(view, place)
        self.opened.wait()
        print(f"maps of a seed after {time.perf_counter() - started:.2f} s", flush=True)
        self.say_failure()
        self.picture("4-seed")

    def choose_maps(self):
        """Other maps in some views, and back."""
        from slicerhost.mouse import choose

        section = self.panel.panels["maps"]
        method, combos = section.options.rows["method"].field, section.choice.combos
        usual_method, usual_maps = method.currentText, {view: combo.currentText for view, combo in combos.items()}
        started = time.perf_counter()
        choose(method, WITH_UNCERTAINTY)
        self.opened.wait()
        print(f"maps by {WITH_UNCERTAINTY} after {time.perf_counter() - started:.1f} s", flush=True)
        self.say_failure()
        for view, name in OTHER_MAPS.items():
            choose(combos[view], name)
        self.opened.wait()
        self.scroll_to(section.choice.checks["CBF"])
        self.picture("9-other-maps")
        for view, name in usual_maps.items():
            choose(combos[view], name)
        choose(method, usual_method)
        self.opened.wait()

    def probe(self):
        """The mouse over white matter with Shift held."""
        import slicer
        from slicerhost.mouse import hover_view

        study = self.panel.work.study
        self.open_sections("probe")
        cbf = study.analysis.maps["CBF"]
        inside = np.argwhere(study.analysis.brain_mask & (cbf > np.nanpercentile(cbf[cbf > 0], 60)))
        place = study.analysis.grid.to_ras(inside[len(inside) // 2])
        hover_view(slicer.app.layoutManager().sliceWidget("PerfusionCBF"), place, shift=True)
        self.opened.wait()
        self.picture("10-probe")

    def find_tissue(self):
        """Tissue at risk, and its largest component."""
        from slicerhost.mouse import click

        section = self.panel.panels["tissue"]
        self.open_sections("tissue")
        started = time.perf_counter()
        click(section.find_button)
        self.opened.wait()
        print(f"tissue at risk after {time.perf_counter() - started:.1f} s", flush=True)
        self.say_failure()
        section.components.widget.selectRow(0)
        self.opened.wait()
        self.scroll_to(self.ui.tissueSection)
        self.picture("11-tissue")

    def compare(self):
        """The maps beside the truth of the simulated head."""
        from slicerhost.mouse import choose, click

        section = self.panel.panels["comparison"]
        self.open_sections("comparison")
        for name, volume in self.truth.items():
            choose(section.form.rows[name].node_combo, volume.GetName())
        self.opened.wait()
        started = time.perf_counter()
        click(section.compare_button)
        self.opened.wait()
        print(f"compared after {time.perf_counter() - started:.1f} s", flush=True)
        self.say_failure()
        choose(section.map_combo, COMPARED)
        click(section.side_button)
        self.opened.wait()
        self.scroll_to(self.ui.comparisonSection)
        self.picture("12-comparison")
        click(section.side_button)
        self.opened.wait()

    def save(self):
        """The report, where the pictures are."""
        from slicerhost import dialogs
        from slicerhost.mouse import click

        # Its curves come back into the plot.
        self.open_sections("arterialInput")
        self.open_sections("saving")
        dialogs.answers.append(str(self.folder / REPORT))
        click(self.panel.panels["saving"].report_button)
        self.opened.wait()
        self.say_failure()
        self.scroll_to(self.ui.savingSection)
        self.picture("13-saving")

    def look_at(self, section, name):
        """Open one section alone and photograph it."""
        self.open_sections(section)
        self.picture(name)

    def open_sections(self, *names):
        """Open these sections and close the others."""
        for name in SECTIONS:
            getattr(self.ui, f"{name}Section").collapsed = name not in names
        self.opened.wait()

    def show_slice(self, ras):
        """Scroll all views to the slice of a place."""
        from PerfusionToolLib.scene.views import centre_views

        centre_views(ras)
        self.opened.wait()

    def show_late_tissue(self):
        """Scroll all views to the slice with most tissue that the bolus reaches late."""
        analysis = self.panel.work.study.analysis
        late = np.argwhere(analysis.maps["Tmax"] > LATE)
        if late.size:
            fullest = np.bincount(late[:, 0]).argmax()
            self.show_slice(analysis.grid.to_ras(late[late[:, 0] == fullest].mean(0)))

    def scroll_to(self, widget):
        """Scroll the panel until a widget is its first row, or it ends."""
        from slicerhost.mouse import scroll_panel

        scroll_panel(widget)
        self.opened.wait()

    def say_failure(self):
        """Print what the panel's message line says, if it says something."""
        if self.ui.messageLabel.text:
            print(f"the panel says: {self.ui.messageLabel.text}", flush=True)

    def picture(self, name):
        """Photograph the window."""
        from slicerhost.mouse import grab

        grab(self.opened.window, self.folder / f"{name}.png")
