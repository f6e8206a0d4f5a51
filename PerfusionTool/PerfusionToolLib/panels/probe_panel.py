"""Step 7: what the maps and curves say of a voxel under the mouse, and of regions."""

from __future__ import annotations

from slicer.i18n import tr as _

from ..perfusion.errors import PerfusionError
from ..scene.probing import put_region_chart, put_voxel_chart, save_region_readings
from .hover import Hover
from .reasons import allow
from .region_table import RegionTable, number_text
from .segment_choice import SegmentChoice
from .step import StepPanel

CSV_FILES = "CSV (*.csv)"
TISSUES = {
    "tissue": _("tissue"),
    "CSF": _("CSF"),
    "vessel": _("vessel"),
    "inside the skull": _("inside the skull"),
    "outside the skull": _("outside the skull"),
}


class ProbePanel(StepPanel):
    """Curves and values of the voxel under the mouse while Shift is held; statistics of regions."""

    name = "probe"
    chart = "probe"

    def build(self):
        self._hover = Hover(self._take_place)
        self._readings = {}
        self._measured = None
        self._outdated = False
        self.voxel_line = self.add_line(_("Values of the maps in the voxel under the mouse, in their units"))
        self.region = SegmentChoice(_("Region to measure"), self._allow)
        self.layout.addLayout(self.region.layout)
        self.table = RegionTable()
        self.layout.addWidget(self.table.widget)
        row = self.add_row()
        self.measure_button = self.add_button(_("Measure"), "", self._measure, row)
        self.curves_button = self.add_button(_("Show curves"), "", self._show_curves, row)
        self.export_button = self.add_button(_("Export CSV…"), "", self._export, row)

    def refresh(self):
        super().refresh()
        if self.work.entered:
            self._hover.start()
        self.region.refresh()
        self._follow_maps()
        self._allow()

    def leave(self):
        self._hover.stop()

    def forget(self):
        super().forget()
        self._hover.stop()
        self._forget_region()
        self.voxel_line.text = ""

    # -- a voxel

    def _take_place(self, ras):
        study = self.work.study
        if study is None or study.busy or self._maps() is None:
            return
        try:
            reading = study.voxel_reading(ras)
        except PerfusionError as error:
            self.voxel_line.text = str(error)
            return
        self.voxel_line.text = _voxel_in_words(reading)
        put_voxel_chart(self.work.parameters, study.analysis, reading)
        self.work.show_chart(self.chart)

    def _maps(self):
        """The maps in memory, or None before they were computed, and in a scene that was just opened."""
        analysis = self.work.study.analysis
        return analysis.maps if analysis is not None and "maps" in analysis.stages_done else None

    # -- a region

    def _measure(self):
        self._measured = self._maps()
        node, segment, name = self.region.node, self.region.segment, self.region.name
        self.work.run(self._measuring_steps(node, segment, name), self._show_region, failed=self.fail)

    def _measuring_steps(self, node, segment, name):
        study = self.work.study
        readings = {name: study.region_reading(node, segment)}
        try:
            mirrored = yield from study.mirrored_region_reading_steps(node, segment)
            readings[_("{name}, other side").format(name=name)] = mirrored
        except PerfusionError:
            # A region at the edge of the scan may have no mirror image; it can be measured all the same.
            return readings
        return readings

    def _show_region(self, readings):
        self._readings, self._outdated = readings, False
        region, mirror = [*self._readings.values(), None][:2]
        self.table.show(region, mirror)
        self._allow()
        self._show_curves()

    def _follow_maps(self):
        """Other maps say other things of the same region: it is measured again when they are ready."""
        if self._maps() is self._measured:
            return
        if self._readings:
            self._forget_region()
            self._outdated = True
        if self._outdated and not self._reason_against_measuring():
            self._measure()

    def _forget_region(self):
        self._readings, self._measured, self._outdated = {}, None, False
        self.table.show(None, None)

    def _show_curves(self):
        put_region_chart(self.work.parameters, self.work.study.analysis, self._readings)
        self.work.show_chart(self.chart)

    def _export(self):
        path = self.ask_file_to_save(_("Export map statistics"), "regions.csv", CSV_FILES)
        if path:
            self.attempt(save_region_readings, path, self.work.study.analysis, self._readings)

    # -- what can be done

    def _reason_against_measuring(self):
        if self.work.study is None or self._maps() is None:
            return self._reason_without_maps()
        if self.work.study.busy:
            return _("Wait until the maps are ready.")
        return self.region.reason

    def _reason_without_maps(self):
        """In a scene that was just opened the maps are there, but not the curves."""
        shown = self.work.parameters is not None and self.work.parameters.mapCBF is not None
        return (
            _("Press Compute maps first: the curves are not saved with a scene.")
            if shown
            else _("Compute the maps first.")
        )

    def _allow(self):
        reason = self._reason_against_measuring()
        measured = "" if self._readings else _("Measure a region first.")
        allow(self.measure_button, _("Read the maps in the region and in its mirror image"), reason)
        allow(self.curves_button, _("Show the mean curves of the region and of its mirror image"), measured)
        allow(self.export_button, _("Save the statistics, and the curves beside them, for a spreadsheet"), measured)


def _voxel_in_words(reading):
    place = ", ".join(f"{round(float(value))}" for value in reading.ras).replace("-", "−")
    values = [f"{name} {number_text(value)} {unit}" for name, (value, unit) in reading.values.items()]
    return _("({place}) mm, {tissue}: {values}").format(
        place=place, tissue=TISSUES[reading.tissue], values=", ".join(values)
    )
