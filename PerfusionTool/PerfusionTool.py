"""The PerfusionTool module of 3D Slicer."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)


class PerfusionTool(ScriptedLoadableModule):
    """What the application shows of the module before it is opened."""

    def __init__(self, parent):
        super().__init__(parent)
        parent.title = _("Perfusion Tool")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Perfusion")]
        parent.contributors = ["PerfusionTool contributors"]
        parent.helpText = _(
            "Perfusion maps (CBF, CBV, MTT, Tmax, TTP) from 4D CT perfusion and DSC-MRI scans of the brain. "
            "Research use only."
        )


class PerfusionToolWidget(ScriptedLoadableModuleWidget):
    """Says where the analysis can be run from."""

    def setup(self):
        super().setup()
        label = qt.QLabel(
            _(
                "In this version the analysis runs from the command line (python -m PerfusionToolLib --help) and from "
                "the Python console (from PerfusionToolLib.perfusion import analyze). Research use only."
            )
        )
        label.wordWrap = True
        self.layout.addWidget(label)
        self.layout.addStretch(1)


class PerfusionToolLogic(ScriptedLoadableModuleLogic):
    """Runs the analysis; arrays come from the scene, the science from PerfusionToolLib.perfusion."""

    def analyze(self, series, settings=None):
        """Analyse a `PerfusionToolLib.perfusion.PerfusionSeries`; returns the finished `Analysis`."""
        from PerfusionToolLib.perfusion import Settings, analyze

        return analyze(series, settings or Settings())


class PerfusionToolTest(ScriptedLoadableModuleTest):
    """Runs with what the application bundles: numpy, scipy and SimpleITK."""

    def runTest(self):  # noqa: N802 - Slicer calls it by this name
        self.setUp()
        self.test_a_sample_head_has_maps()

    def test_a_sample_head_has_maps(self):
        from PerfusionToolLib.perfusion import sample_head

        head = sample_head("CT", shape=(12, 80, 80), spacing=(9.6, 2.5, 2.5))
        study = PerfusionToolLogic().analyze(head.series)
        self.assertLessEqual({"CBF", "CBV", "MTT", "Tmax", "TTP"}, set(study.maps))
