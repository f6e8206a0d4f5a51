"""Step 4: the brain's mean curve, with arrival and baseline that a person may move."""

from __future__ import annotations

import ctk
import qt
from slicer.i18n import tr as _

from .setting_texts import FIELDS, empty_meaning, label, tool_tip
from .step import StepPanel

FRAMES = ("arrival_frame", "baseline_start")


class BolusPanel(StepPanel):
    """When the bolus arrives and which frames are its baseline."""

    name = "bolus"
    chart = "bolus"

    def build(self):
        self.sliders = {name: FrameSlider(name, self.work) for name in FRAMES}
        layout = qt.QFormLayout()
        self.layout.addLayout(layout)
        for slider in self.sliders.values():
            layout.addRow(slider.label, slider.widget)
        names = [name for name, field in FIELDS.items() if field.metadata["stage"] == self.name]
        self.form = self.add_form([name for name in names if name not in FRAMES])

    def refresh(self):
        super().refresh()
        for name, frame in self._found_frames().items():
            self.sliders[name].refresh(self._frame_count(), frame)

    def _found_frames(self):
        """Frames of the series that the study uses now, None where it has not come so far."""
        analysis = self.work.study.analysis
        if analysis is None or "bolus" not in analysis.stages_done:
            return dict.fromkeys(FRAMES)
        used = analysis.frames[[analysis.bolus.arrival, analysis.bolus.baseline[0]]]
        return dict(zip(FRAMES, map(int, used), strict=True))

    def _frame_count(self):
        scan = self.work.study.scan
        return 0 if scan is None else len(scan.signal)


class FrameSlider:
    """A frame that is found, or chosen with a slider.

    Attributes
    ----------
    label : QLabel
    widget : QWidget
        Check box and slider, to stand beside the label.
    automatic : QCheckBox
    slider : ctkSliderWidget
    """

    def __init__(self, name, work):
        self._name = name
        self._work = work
        self._refreshing = False
        self.label = qt.QLabel(_("{label}:").format(label=label(name)))
        self.automatic = qt.QCheckBox(empty_meaning(name))
        self.slider = ctk.ctkSliderWidget()
        self.slider.decimals = 0
        self.slider.singleStep = 1
        # The curve is drawn anew when the slider is let go, not at every frame on the way.
        self.slider.tracking = False
        self.widget = qt.QWidget()
        row = qt.QHBoxLayout(self.widget)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.automatic)
        row.addWidget(self.slider, 1)
        self.automatic.connect("toggled(bool)", lambda on: self._take(None if on else round(self.slider.value)))
        self.slider.connect("valueChanged(double)", lambda value: self._take(round(value)))

    def refresh(self, frames: int, found: int | None) -> None:
        """Show the chosen frame, or the one that was found.

        Parameters
        ----------
        frames : int
            Number of frames of the scan, 0 where it is not known.
        found : int or None
        """
        chosen = getattr(self._work.parameters, self._name)
        self._refreshing = True
        try:
            self._show_range(max(frames - 1, chosen or 0, FIELDS[self._name].metadata["minimum"]))
            self.automatic.checked = chosen is None
            self.slider.enabled = chosen is not None
            if chosen is not None or found is not None:
                self.slider.value = found if chosen is None else chosen
        finally:
            self._refreshing = False

    def _show_range(self, last):
        self.slider.minimum = FIELDS[self._name].metadata["minimum"]
        self.slider.maximum = last
        tip = _("{setting}\nFrames 0 to {last} of the scan").format(setting=tool_tip(self._name), last=last)
        for part in (self.label, self.automatic, self.slider):
            part.toolTip = tip

    def _take(self, frame):
        if self._refreshing or frame == getattr(self._work.parameters, self._name):
            return
        setattr(self._work.parameters, self._name, frame)
        self._work.follow(until="bolus")
