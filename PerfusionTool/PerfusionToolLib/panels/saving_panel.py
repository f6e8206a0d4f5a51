"""Step 10: the report, and files for other programs."""

from __future__ import annotations

from slicer.i18n import tr as _

from ..scene.saving.step import DICOM
from .packages import has_package, offer_package
from .reasons import allow
from .step import StepPanel

HTML_FILES = "HTML (*.html)"
MATPLOTLIB = "matplotlib>=3.8"
HIGHDICOM = "highdicom>=0.28"


class SavingPanel(StepPanel):
    """The report as HTML; maps and masks as NIfTI, with all that belongs to them; maps and regions as DICOM."""

    name = "saving"

    def build(self):
        self.report_button = self.add_button(_("Save report…"), "", self._save_report)
        self.results_button = self.add_button(_("Save maps and masks…"), "", self._save_results)
        self.dicom_button = self.add_button(_("Save as DICOM…"), "", self._save_dicom)

    def refresh(self):
        super().refresh()
        saving = self.work.study.saving
        reason = saving.reason_against()
        allow(
            self.report_button,
            _("Save verdicts, curves, maps and tissue at risk as one HTML file to read and to print"),
            reason,
        )
        allow(
            self.results_button,
            _(
                "Save maps and masks as NIfTI in a folder, with tissue at risk, report, overview and settings.json, "
                "which the command line takes with --settings; earlier results there are replaced"
            ),
            reason,
        )
        allow(
            self.dicom_button,
            _("Save maps as DICOM Parametric Maps and regions as DICOM Segmentation, marked for research use"),
            saving.reason_against(DICOM),
        )

    # -- saving

    def _save_report(self):
        if not (self.attempt(_offer_matplotlib) and has_package("matplotlib")):
            return
        path = self.ask_file_to_save(_("Save the report"), "report.html", HTML_FILES)
        if path:
            self._run(self.work.study.save_report_steps(path))

    def _save_results(self):
        # All but the pictures is saved without it.
        if not self.attempt(_offer_matplotlib):
            return
        folder = self.ask_folder(_("Save maps and masks in a folder"))
        if folder:
            self._run(self.work.study.save_results_steps(folder))

    def _save_dicom(self):
        if not (self.attempt(_offer_highdicom) and has_package("highdicom")):
            return
        folder = self.ask_folder(_("Save maps and regions as DICOM in a folder"))
        if folder:
            self._run(self.work.study.save_dicom_steps(folder))

    def _run(self, steps):
        self.work.run(steps, failed=self.fail)


def _offer_matplotlib():
    offer_package("matplotlib", MATPLOTLIB, _("Report and overview need the Python package matplotlib."))


def _offer_highdicom():
    offer_package("highdicom", HIGHDICOM, _("Writing DICOM needs the Python package highdicom."))
