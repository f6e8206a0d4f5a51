"""The PerfusionTool module of 3D Slicer: its four classes, thin over PerfusionToolLib."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import slicer
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
        parent.dependencies = ["Sequences", "Segmentations", "Markups", "Colors", "Plots", "Tables", "SubjectHierarchy"]
        parent.contributors = ["PerfusionTool contributors"]
        parent.helpText = _(
            "Perfusion maps (CBF, CBV, MTT, Tmax, TTP) from 4D CT perfusion and DSC-MRI scans of the brain. "
            "Research use only."
        )
        slicer.app.connect("startupCompleted()", prepareApplication)


def prepareApplication():  # noqa: N802 - named as in Slicer's modules
    """Offer the sample heads, make the layout known, and care for maps in scenes that are opened without the module."""
    from PerfusionToolLib.scene import views
    from PerfusionToolLib.scene.comparison import views as comparison_views
    from PerfusionToolLib.scene.scans.sample import register_sample_data

    register_sample_data(__file__)
    views.register_layout()
    comparison_views.register_layout()
    slicer.mrmlScene.AddObserver(slicer.vtkMRMLScene.EndImportEvent, restoreMaps)


def restoreMaps(scene, _event):  # noqa: N802
    """Make the maps of a scene that was opened look as they were saved."""
    from PerfusionToolLib.scene.maps import restore_maps

    restore_maps(scene)


class PerfusionToolWidget(ScriptedLoadableModuleWidget):
    """The module's window; `PerfusionToolLib.panels` makes and runs it."""

    def setup(self):
        super().setup()
        from PerfusionToolLib.panels.frame import PerfusionPanel

        window = slicer.util.loadUI(self.resourcePath("UI/PerfusionTool.ui"))
        self.layout.addWidget(window)
        window.setMRMLScene(slicer.mrmlScene)
        self.logic = PerfusionToolLogic()
        self.panel = PerfusionPanel(window, self.logic)
        # After a reload the module is open already, and the application does not enter it again.
        if getattr(self.parent, "isEntered", False):
            self.enter()

    def enter(self):
        self.panel.enter()

    def exit(self):
        self.panel.exit()

    def cleanup(self):
        self.panel.cleanup()

    def onReload(self):  # noqa: N802 - Slicer calls it by this name
        """Reload the library with the module: Slicer itself reloads this file only."""
        self.cleanup()
        self.logic.study.forget()
        for name in [name for name in sys.modules if name.split(".")[0] == "PerfusionToolLib"]:
            del sys.modules[name]
        super().onReload()


class PerfusionToolLogic(ScriptedLoadableModuleLogic):
    """Perfusion maps of scans in the scene, for the Python console and for other modules.

    Places are RAS mm, times are s, masks are segments or labelmaps. Whatever cannot be done raises a `PerfusionError`
    whose sentence says why, and leaves the scene as it was.

    Examples
    --------
    >>> logic = PerfusionToolLogic()
    >>> scan = logic.loadSampleData("CT", shape=(6, 64, 64), spacing=(8.0, 3.0, 3.0))
    >>> logic.process(scan)
    >>> logic.mapVolume("CBF").GetName()
    'CT perfusion head CBF'
    >>> logic.process(scan, method="oSVD", relative_to="brain_mean")
    >>> logic.setArterialInputCandidate(1)
    >>> logic.undoArterialInput()
    >>> logic.saveArterialInput(slicer.app.temporaryPath + "/aif.csv")
    """

    def __init__(self):
        super().__init__()
        self._study = None

    def getParameterNode(self):  # noqa: N802 - Slicer calls it by this name
        """The parameter node's wrapper, one and the same for as long as the node is there."""
        return self.study.parameters

    @property
    def study(self):
        """The `SceneStudy` that does the work."""
        from PerfusionToolLib.scene.parameters import PerfusionToolParameterNode
        from PerfusionToolLib.scene.study import SceneStudy

        node = super().getParameterNode()
        if self._study is None or self._study.parameters.parameterNode is not node:
            self._study = SceneStudy(PerfusionToolParameterNode(node))
        return self._study

    # -- scans

    def importScan(self, path, modality=None):  # noqa: N802
        """Load a 4D NIfTI or NRRD file, or a folder of DICOM images, as a sequence.

        Parameters
        ----------
        path : str or Path
        modality : {"CT", "MR"}, optional
            Guessed where left out.

        Returns
        -------
        vtkMRMLSequenceNode
        """
        from PerfusionToolLib.scene.scans.importing import import_scan

        return import_scan(path, modality)

    def loadSampleData(self, modality="CT", **options):  # noqa: N802
        """Simulate a head with a stroke.

        Parameters
        ----------
        modality : {"CT", "MR"}
        **options
            What `PerfusionToolLib.perfusion.sample_head` takes, such as shape=(slices, rows, columns).

        Returns
        -------
        vtkMRMLSequenceNode
        """
        from PerfusionToolLib.scene.scans.sample import add_sample

        return add_sample(modality, **options)

    # -- maps

    def process(self, sequenceNode, modality=None, echoTime=None, frameTimes=None, progress=None, **settings):  # noqa: N803
        """Compute the maps of a scan; a second call updates the same nodes and does no more than is needed.

        Parameters
        ----------
        sequenceNode : vtkMRMLSequenceNode or vtkMRMLMultiVolumeNode
        modality : {"CT", "MR"}, optional
            As found or guessed where left out.
        echoTime : float, optional
            s, for MR; as found where left out.
        frameTimes : float or sequence of float, optional
            Interval between frames, or the time of every frame, s; as found where left out.
        progress : callable, optional
            Called with every `Progress`.
        **settings
            Fields of `PerfusionToolLib.perfusion.Settings`; those left out stay as they stand in the parameter node.
        """
        from PerfusionToolLib.perfusion import PerfusionError, drain
        from PerfusionToolLib.scene.parameters import changed_settings, say_of_scan, set_settings

        if progress is not None and not callable(progress):
            raise PerfusionError(f"{progress!r} cannot be called with progress; give a function.")
        study = self.study
        # What is wrong with either is said before one of them is changed.
        wanted = changed_settings(study.parameters, settings)
        say_of_scan(study.parameters, sequenceNode, modality, echoTime, frameTimes)
        set_settings(study.parameters, wanted)
        drain(study.steps(), progress)

    def mapVolume(self, name):  # noqa: N802
        """The volume of a map, such as "CBF" or "CBF SD", put into the scene if need be; None where there is none."""
        return self.study.map_volume(name)

    def segmentation(self):
        """The segmentation with the segments "brain", "vessels", "AIF" and "VOF"; None before it was computed."""
        return self.getParameterNode().segmentation

    def warnings(self):
        """What a person should know of the results, list of str."""
        return list(self.study.warnings)

    # -- arterial input

    def setArterialInputSeed(self, ras):  # noqa: N802
        """Grow the arterial input from a place in an artery, and update the maps."""
        self._choose("seed", ras)

    def setArterialInputCandidate(self, rank):  # noqa: N802
        """Use a candidate of the table, 0 for the best, and update the maps."""
        self._choose("candidate", rank)

    def setArterialInputMask(self, node, segment=""):  # noqa: N802
        """Use the mean curve of a segment (by its ID) or of a labelmap, and update the maps."""
        self._choose("mask", (node, segment))

    def setArterialInputCurve(self, values):  # noqa: N802
        """Use a curve of concentrations, one value per frame (CT: HU, MR: 1/s), and update the maps."""
        self._choose("curve", values)

    def resetArterialInput(self):  # noqa: N802
        """Use the automatic arterial input again, and update the maps."""
        self._choose("automatic", None)

    # -- venous output

    def setVenousOutputSeed(self, ras):  # noqa: N802
        """Grow the venous output from a place in a vein, and update the maps."""
        self._chooseVein("seed", ras)

    def setVenousOutputCandidate(self, rank):  # noqa: N802
        """Use a vein that was found, 0 for the best, and update the maps."""
        self._chooseVein("candidate", rank)

    def setVenousOutputMask(self, node, segment=""):  # noqa: N802
        """Use the mean curve of a segment (by its ID) or of a labelmap, and update the maps."""
        self._chooseVein("mask", (node, segment))

    def resetVenousOutput(self):  # noqa: N802
        """Use the automatic venous output again, and update the maps."""
        self._chooseVein("automatic", None)

    def _chooseVein(self, kind, value):  # noqa: N802
        self._drain(self.study.venous_output_steps(kind, value))

    # -- going back and forth, and files

    def undoArterialInput(self):  # noqa: N802
        """Use the former arterial input and venous output again, and update the maps."""
        self._drain(self.study.undo_arterial_input_steps())

    def redoArterialInput(self):  # noqa: N802
        """Use the arterial input and venous output that were undone, and update the maps."""
        self._drain(self.study.redo_arterial_input_steps())

    def saveArterialInput(self, path):  # noqa: N802
        """Save the arterial input as CSV; the command line takes it with --arterial-input."""
        self.study.save_arterial_input(path)

    def loadArterialInput(self, path):  # noqa: N802
        """Use a curve from a table of two columns, time and value, and update the maps."""
        self._drain(self.study.load_arterial_input_steps(path))

    def _choose(self, kind, value):
        self._drain(self.study.arterial_input_steps(kind, value))

    def _drain(self, steps):
        from PerfusionToolLib.perfusion import drain

        drain(steps)

    # -- brain mask

    def setBrainMask(self, node, segment=""):  # noqa: N802
        """Use a segment (by its ID) or a labelmap as brain mask, and update the results."""
        self.study.set_brain_mask_from(node, segment)
        self._drain(self.study.steps())

    def resetBrainMask(self):  # noqa: N802
        """Find the brain automatically again, and update the results."""
        self.study.reset_brain_mask()
        self._drain(self.study.steps())

    # -- readings

    def voxelReading(self, ras):  # noqa: N802
        """Curves and map values at a place in RAS mm, a `PerfusionToolLib.perfusion.readings.VoxelReading`."""
        return self.study.voxel_reading(ras)

    def regionReading(self, node, segment=""):  # noqa: N802
        """Mean curve and statistics of the maps in a segment or labelmap, a `RegionReading`."""
        return self.study.region_reading(node, segment)

    # -- tissue at risk

    def findTissueAtRisk(self, criteria=None, **rules):  # noqa: N802
        """Find hypoperfusion and core, and show them; maps that are not up to date are computed first.

        Parameters
        ----------
        criteria : str or PerfusionToolLib.perfusion.tissue.Criteria, optional
            "" for the thresholds published for the method, a key of `PerfusionToolLib.perfusion.tissue.PRESETS`, or own
            thresholds; as they stand in the parameter node where left out.
        **rules
            Fields of `PerfusionToolLib.perfusion.tissue.Rules`; those left out stay as they stand.

        Returns
        -------
        PerfusionToolLib.perfusion.tissue.TissueAtRisk
        """
        from PerfusionToolLib.perfusion import drain
        from PerfusionToolLib.scene.tissue.choice import say_wanted

        say_wanted(self.study.parameters, criteria, rules)
        return drain(self.study.tissue_steps())

    def tissueAtRisk(self):  # noqa: N802
        """The `TissueAtRisk` that was found; None before, and in a scene that was just opened."""
        return self.study.tissue.lesion

    def tissueSummary(self):  # noqa: N802
        """Criteria, volumes, what was removed and why, as text; "" before tissue at risk was looked for."""
        return self.study.tissue.summary

    def removeLesionComponent(self, number):  # noqa: N802
        """Remove a component by its number in the table of components; the totals follow."""
        self._drain(self.study.lesion_component_steps(number, kept=False))

    def restoreLesionComponent(self, number):  # noqa: N802
        """Take a component back, whatever the rules say; the totals follow."""
        self._drain(self.study.lesion_component_steps(number, kept=True))

    def undoLesionComponent(self):  # noqa: N802
        """Take the last removal or restoration of a component back."""
        self.study.tissue.undo()

    def redoLesionComponent(self):  # noqa: N802
        """Do it again."""
        self.study.tissue.redo()

    def saveTissueAtRisk(self, path):  # noqa: N802
        """Save volumes as CSV, and components, slices and the sides of every map beside it; list of the paths."""
        from PerfusionToolLib.perfusion import drain

        return drain(self.study.save_tissue_steps(path))

    # -- comparison

    def compareWith(self, references, units=None, backgrounds=None):  # noqa: N802
        """Compare the maps with volumes of other software; maps that are not up to date are computed first.

        Parameters
        ----------
        references : dict of str to vtkMRMLScalarVolumeNode
            By map, "CBF", "CBV", "MTT", "Tmax" or "TTP"; on any grid, and under any linear transform.
        units : dict of str to str, optional
            Such as {"CBF": "ml/100ml/min"}; "relative" for a map without a scale. As found or guessed where left out.
        backgrounds : dict of str to float, optional
            Values of voxels that hold no result; as found where left out.

        Returns
        -------
        PerfusionToolLib.perfusion.similarity.Comparison
        """
        from PerfusionToolLib.perfusion import drain

        return drain(self.study.comparison_steps(references, units, backgrounds))

    def comparisonRows(self):  # noqa: N802
        """The comparison in the scene: titles, then map, measure, unit, value; empty before there is one."""
        return self.study.comparison.rows

    def saveComparison(self, path):  # noqa: N802
        """Save the comparison as CSV."""
        self.study.comparison.save(path)

    # -- files

    def saveReport(self, path):  # noqa: N802
        """Save the report as HTML; what is not in memory is computed first. Notes on what was written, list of str."""
        return self._save(self.study.save_report_steps(path))

    def saveResults(self, folder):  # noqa: N802
        """Save maps, masks, settings, report and overview in a folder, as the command line does; as `saveReport`."""
        return self._save(self.study.save_results_steps(folder))

    def saveDicom(self, folder):  # noqa: N802
        """Save maps and regions of a scan imported from DICOM as DICOM in a folder; as `saveReport`."""
        return self._save(self.study.save_dicom_steps(folder))

    def _save(self, steps):
        from PerfusionToolLib.perfusion import drain

        return list(drain(steps))


class PerfusionToolTest(ScriptedLoadableModuleTest):
    """Load → compute → reseed → save → reopen, with what the application bundles and no data from elsewhere."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):  # noqa: N802 - Slicer calls it by this name
        self.setUp()
        self.test_a_study_is_computed_corrected_saved_and_taken_up_again()

    def test_a_study_is_computed_corrected_saved_and_taken_up_again(self):
        logic = PerfusionToolLogic()
        scan = logic.loadSampleData("CT", shape=(6, 64, 64), spacing=(8.0, 3.0, 3.0))

        self.delayDisplay("Computing the maps")
        logic.process(scan)
        first = self._values(logic)
        self.assertGreater(first[first > 0].size, 1000)

        self.delayDisplay("Placing a seed in another artery")
        other = next(c for c in logic.study.analysis.arterial_input.candidates[1:] if c.accepted)
        logic.setArterialInputSeed(other.place)
        second = self._values(logic)
        self.assertTrue((first != second).any())

        self.delayDisplay("Saving the scene and opening it again")
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "study.mrb")
            self.assertTrue(slicer.util.saveScene(path))
            slicer.mrmlScene.Clear()
            slicer.util.loadScene(path)
        logic = PerfusionToolLogic()
        self.assertTrue((self._values(logic) == second).all())
        self.assertEqual(logic.getParameterNode().arterialInputKind, "seed")

        self.delayDisplay("Going on: the automatic arterial input again")
        logic.resetArterialInput()
        self.assertTrue((abs(self._values(logic) - first) < 0.01).all())
        self.delayDisplay("The test has passed")

    def _values(self, logic):
        return slicer.util.arrayFromVolume(logic.mapVolume("CBF")).copy()
