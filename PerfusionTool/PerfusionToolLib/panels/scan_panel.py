"""Step 1: the scan, what it is, and when its frames were taken."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from ..perfusion.errors import PerfusionError
from ..perfusion.progress import Progress
from ..scene.nodes import proxy_volume
from ..scene.scans.frame_times import loaded_frame_times, typed_frame_times
from ..scene.scans.importing import import_scan_steps
from ..scene.scans.origin import read_origin
from ..scene.scans.sample import SAMPLES, add_sample
from ..scene.views import set_scan_window
from .reasons import allow
from .step import StepPanel

MODALITIES = ("", "CT", "MR")
LONGEST_ECHO_TIME_MS = 500.0


class ScanPanel(StepPanel):
    """Where the scan comes from, its modality, echo time and frame times."""

    name = "scan"

    def build(self):
        self._build_sources()
        form = qt.QFormLayout()
        self.layout.addLayout(form)
        self._build_modality(form)
        self._build_echo_time(form)
        self._build_times(form)
        self.form = self.add_form(["frames_to_drop"])

    def refresh(self):
        super().refresh()
        scan = self.work.study.scan
        for widget in (self.modality_combo, self.times_edit, self.load_times_button):
            widget.enabled = scan is not None
        self._show_origin(scan)
        self._show_modality(scan)
        self._show_echo_time(scan)
        self._show_times(scan)
        if scan is not None:
            set_scan_window(proxy_volume(scan.node), self.work.study.modality)

    def forget(self):
        super().forget()
        # What was typed and refused was typed for the former scan.
        self.times_edit.text = self._shown_times = ""
        self._times_refused = False

    # -- where the scan comes from

    def _build_sources(self):
        row = self.add_row()
        self.open_button = self.add_button(
            _("Open 4D file…"),
            _("Load a 4D NIfTI or NRRD file, with the frame times that stand in it or in a JSON file beside it"),
            self._open,
            row,
        )
        self.folder_button = self.add_button(
            _("DICOM folder…"),
            _("Load a CT perfusion or DSC-MRI scan from a folder of DICOM images, each slice with its own time"),
            self._open_folder,
            row,
        )
        row = self.add_row()
        self.sample_buttons = {
            modality: self.add_button(
                _("Sample {modality}").format(modality=modality),
                _("{text}; it is simulated here, nothing is downloaded").format(text=sample.text),
                lambda modality=modality: self._load(_sample_steps(modality)),
                row,
            )
            for modality, sample in SAMPLES.items()
        }
        self.origin_line = self.add_line(_("Where the scan was read from, and what reading it showed"))

    def _show_origin(self, scan):
        origin = None if scan is None else read_origin(scan.node)
        self.origin_line.visible = origin is not None
        if origin is not None:
            said = _("Read from {path}; its frame times: {source}.").format(path=origin.path, source=origin.time_source)
            self.origin_line.text = " ".join([said, *origin.notes])

    def _open(self):
        path = self.ask_file_to_open(_("Open a 4D scan"), _("4D images (*.nii *.nii.gz *.nrrd *.nhdr)"))
        if path:
            self._load(import_scan_steps(path))

    def _open_folder(self):
        folder = self.ask_folder(_("Load a folder of DICOM images"))
        if folder:
            self._load(import_scan_steps(folder))

    def _load(self, steps):
        self.work.run(steps, done=self._choose, failed=self.fail)

    def _choose(self, node):
        self.work.parameters.scan = node

    # -- modality and echo time

    def _build_modality(self, form):
        row = qt.QHBoxLayout()
        self.modality_combo = qt.QComboBox()
        self.modality_combo.addItems([_("automatic"), "CT", "MR"])
        self.modality_combo.toolTip = _("What the signal is: CT in HU or DSC-MRI; default: guessed from the scan")
        self.modality_combo.connect("currentIndexChanged(int)", self._take_modality)
        row.addWidget(self.modality_combo)
        self.modality_line = self.add_line(_("The modality in use, and how it is known"), row)
        form.addRow(_("Modality:"), row)

    def _show_modality(self, scan):
        given = self.work.parameters.modality
        self.modality_combo.currentIndex = MODALITIES.index(given) if given in MODALITIES else 0
        if given or scan is None:
            self.modality_line.text = _("{modality}, chosen by hand").format(modality=given) if given else ""
        else:
            self.modality_line.text = _("{modality}: {why}").format(modality=scan.modality, why=scan.modality_source)

    def _take_modality(self, index):
        if MODALITIES[index] != self.work.parameters.modality:
            self.work.parameters.modality = MODALITIES[index]
            self.forgive()

    def _build_echo_time(self, form):
        row = qt.QHBoxLayout()
        self.echo_automatic = qt.QCheckBox(_("as found"))
        self.echo_automatic.connect("toggled(bool)", self._take_echo_automatic)
        row.addWidget(self.echo_automatic)
        self.echo_spin = qt.QDoubleSpinBox()
        self.echo_spin.minimum = 0.1
        self.echo_spin.maximum = LONGEST_ECHO_TIME_MS
        self.echo_spin.decimals = 2
        self.echo_spin.suffix = " ms"
        self.echo_spin.keyboardTracking = False
        self.echo_spin.connect("valueChanged(double)", self._take_echo_time)
        row.addWidget(self.echo_spin)
        self.echo_line = self.add_line(_("How the echo time is known"), row)
        form.addRow(_("Echo time:"), row)

    def _show_echo_time(self, scan):
        given = self.work.parameters.echoTime
        found = scan.echo_time if scan is not None else None
        is_mr = scan is not None and (self.work.parameters.modality or scan.modality) == "MR"
        tip = _("Echo time of the DSC-MRI scan, 0.1 to 500 ms; default: as the scan states it")
        reason = "" if is_mr else _("Only MR scans have an echo time.")
        self.echo_automatic.checked = given is None
        allow(self.echo_automatic, tip, reason)
        allow(self.echo_spin, tip, reason or (_("Untick what is beside it to type another.") if given is None else ""))
        if given is not None or found is not None:
            self.echo_spin.value = 1000 * (found if given is None else given)
        self.echo_line.text = scan.echo_time_source if is_mr and given is None else ""

    def _take_echo_automatic(self, on):
        given = self.work.parameters.echoTime
        if on != (given is None):
            self._set_echo_time(None if on else self.echo_spin.value / 1000)

    def _take_echo_time(self, milliseconds):
        given = self.work.parameters.echoTime
        if given is not None and abs(milliseconds - 1000 * given) > 0.005:
            self._set_echo_time(milliseconds / 1000)

    def _set_echo_time(self, seconds):
        self.work.parameters.echoTime = seconds
        self.forgive()

    # -- frame times

    def _build_times(self, form):
        self.times_line = self.add_line(_("Frame times in use: their number, interval, source and unit"))
        form.addRow(_("Frame times:"), self.times_line)
        row = qt.QHBoxLayout()
        self.times_edit = qt.QLineEdit()
        self.times_edit.toolTip = _(
            "The interval between frames, such as 1.5, or the time of every frame with spaces or commas between; "
            "seconds, or name the unit: 1410 ms; default: as found"
        )
        self.times_edit.connect("editingFinished()", lambda: self._take_times(self.times_edit.text.strip()))
        row.addWidget(self.times_edit)
        self.load_times_button = self.add_button(
            _("Load…"), _("Take the frame times in s from a CSV, JSON or text file"), self._load_times, row
        )
        self.reset_times_button = self.add_button(
            _("Reset"), _("Take the frame times as they were found"), lambda: self._take_times(""), row
        )
        form.addRow("", row)
        self._shown_times = ""
        self._times_refused = False

    def _show_times(self, scan):
        given = self.work.parameters.frameTimes
        if given != self._shown_times:
            self.times_edit.text = self._shown_times = given
        self.reset_times_button.enabled = bool(given or self.times_edit.text)
        if scan is None:
            self.times_line.text = ""
            return
        found = scan.times
        self.times_edit.placeholderText = f"{found.interval:.4g}" if found else _("type the interval in s")
        try:
            times = typed_frame_times(given, len(scan.signal)) if given else found
        except PerfusionError as error:
            self.times_line.text = str(error)
            return
        self.times_line.text = times.describe() if times else _("None were found: type them, or load them from a file.")

    def _take_times(self, text):
        scan = self.work.study.scan
        as_before = text == self.work.parameters.frameTimes == self._shown_times
        if scan is None or (as_before and not self._times_refused):
            return
        self._times_refused = bool(text) and not self.attempt(typed_frame_times, text, len(scan.signal))
        if self._times_refused:
            self.reset_times_button.enabled = True
        else:
            self._set_times(text)

    def _load_times(self):
        path = self.ask_file_to_open(_("Load frame times"), _("Frame times (*.csv *.json *.txt)"))
        if path:
            self.attempt(self._read_times, path)

    def _read_times(self, path):
        times = loaded_frame_times(path, len(self.work.study.scan.signal))
        self._set_times(", ".join(repr(float(time)) for time in times.seconds))

    def _set_times(self, text):
        self.times_edit.text = self._shown_times = text
        self.work.parameters.frameTimes = text
        self.forgive()


def _sample_steps(modality):
    yield Progress("scan", 0.0, _("Simulating a head"))
    return add_sample(modality)
