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
    from PerfusionToolLib.scene.sample import register_sample_data
    from PerfusionToolLib.scene.views import register_layout

    register_sample_data(__file__)
    register_layout()
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
        """Load a 4D NIfTI or NRRD file as a sequence.

        Parameters
        ----------
        path : str or Path
        modality : {"CT", "MR"}, optional
            Guessed where left out.

        Returns
        -------
        vtkMRMLSequenceNode
        """
        from PerfusionToolLib.scene.importing import import_scan

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
        from PerfusionToolLib.scene.sample import add_sample

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
