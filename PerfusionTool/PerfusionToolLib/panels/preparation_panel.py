"""Step 2: matrix limit, motion correction and smoothing, and what they gave as series to scroll through."""

from __future__ import annotations

from slicer.i18n import tr as _

from .reasons import allow
from .setting_texts import FIELDS
from .step import StepPanel

STAGES = ("preparation", "motion", "smoothing")
# These stand where a person looks for them: in the section of the scan.
ELSEWHERE = ("frames_to_drop",)
SHOW = _("Shifts in mm, turns in degrees and the frames left out, in the plot below the views")
CORRECTED = _("Make a sequence of the frames after motion correction")
CONCENTRATION = _("Make a sequence of the contrast concentration: HU above the baseline (CT) or ΔR2* in 1/s (MR)")
PROJECTION = _("Make a sequence of the largest (CT) or smallest (MR) value over the middle third of the slices")


class PreparationPanel(StepPanel):
    """What is done to the frames before anything is measured."""

    name = "preparation"
    chart = "motion"

    def build(self):
        names = [name for name, field in FIELDS.items() if field.metadata["stage"] in STAGES]
        self.form = self.add_form([name for name in names if name not in ELSEWHERE])
        self.motion_line = self.add_line(_("Largest shift and turn of the head, and the frames that are not used"))
        self.chart_button = self.add_button(_("Show the motion"), SHOW, lambda: self.work.show_chart("motion"))
        row = self.add_row()
        self.corrected_button = self.add_button(_("Corrected series"), CORRECTED, self._put_corrected, row)
        self.concentration_button = self.add_button(
            _("Concentration series"), CONCENTRATION, self._put_concentration, row
        )
        self.projection_button = self.add_button(_("Projection"), PROJECTION, self._put_projection, row)

    def refresh(self):
        super().refresh()
        parameters = self.work.parameters
        motion, first = self.work.study.motion
        self.motion_line.text = "" if motion is None else motion_sentence(motion, first)
        allow(self.chart_button, SHOW, "" if parameters.motionChart else _("No motion has been found yet."))
        without = "" if parameters.scan else _("Choose a scan first.")
        allow(self.corrected_button, CORRECTED, without)
        allow(self.concentration_button, CONCENTRATION, without)
        allow(self.projection_button, PROJECTION, without)

    def _put_corrected(self):
        self.work.run(self.work.study.put_corrected_series_steps(), failed=self.fail)

    def _put_concentration(self):
        self.work.run(self.work.study.put_concentration_series_steps(), failed=self.fail)

    def _put_projection(self):
        self.work.run(self.work.study.put_projection_steps(), failed=self.fail)


def motion_sentence(motion, first: int) -> str:
    """How far the head moved at most, and which frames are not used.

    Parameters
    ----------
    motion : Motion
    first : int
        The first frame of the scan that is in use.

    Returns
    -------
    str
    """
    shifts, turns = abs(motion.parameters[:, :3]), abs(motion.parameters[:, 3:])
    sentence = _("Largest shift {shift:.1f} mm, largest turn {turn:.1f}°").format(shift=shifts.max(), turn=turns.max())
    flagged = [str(first + int(frame)) for frame in motion.corrupted.nonzero()[0]]
    if not flagged:
        return _("{sentence}; all frames are used.").format(sentence=sentence)
    if len(flagged) == 1:
        return _("{sentence}; frame {frame} is not used.").format(sentence=sentence, frame=flagged[0])
    return _("{sentence}; frames {frames} are not used.").format(sentence=sentence, frames=", ".join(flagged))
