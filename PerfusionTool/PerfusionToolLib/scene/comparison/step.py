"""Maps beside reference volumes in the scene: chosen, compared, shown side by side, and kept in step with the maps."""

from __future__ import annotations

import math

from slicer.i18n import tr as _

from ...perfusion.errors import PerfusionError
from ...perfusion.progress import Progress, Steps
from ..computation import EndedError
from ..nodes import proxy_volume
from ..states import State
from . import nodes as comparison_nodes
from . import references as references_in_scene
from . import showing as comparison_showing
from . import views as comparison_views
from .facts import Facts
from .maps import STAGE, Reference, compare_maps_steps, keep_references, leave_out_removed, rows_of


class SceneComparison:
    """The maps of the scan that is worked on, beside volumes of other software.

    Parameters
    ----------
    computation : Computation

    Notes
    -----
    References are chosen for a scan; their unit and background are known of the volumes themselves. What was compared
    once follows the maps: `follow_steps` compares it again. Where references change, the scene says that the comparison
    is out of date until it is made again.
    """

    def __init__(self, computation):
        self._computation = computation
        self._teller = Facts(computation.parameters)

    # -- the references

    @property
    def references(self) -> dict[str, object]:
        """The volumes that were chosen, by map."""
        return references_in_scene.references_of(self._parameters.scan)

    def choose_reference(self, name: str, node) -> None:
        """Choose a volume to compare a map with.

        Parameters
        ----------
        name : str
            One of `COMPARED`.
        node : vtkMRMLScalarVolumeNode or None

        Raises
        ------
        PerfusionError
            If it can be none; the former one stays chosen.
        """
        references_in_scene.check_map(name)
        if self._parameters.scan is None:
            raise PerfusionError("There is no scan; choose one first.")
        if node is not None:
            references_in_scene.check_volume(name, node)
            references_in_scene.check_is_other(name, node, self._parameters)
        references_in_scene.refer_to_references(self._parameters.scan, {**self.references, name: node})
        self._computation.notify()

    def say_of_reference(self, name: str, unit: str | None = None, background: str | None = None) -> None:
        """Say what is known better of a reference than found.

        Parameters
        ----------
        name : str
        unit : str, optional
            One of `comparison_references.possible_units`; "" for as found.
        background : str, optional
            The value of voxels without a result; "" for as found.

        Raises
        ------
        PerfusionError
            If there is no reference, or the background is no number.
        """
        node = self.references.get(name)
        if node is None:
            raise PerfusionError(f"There is no reference {name}; choose a volume first.")
        if background is not None:
            references_in_scene.give_background(node, background)
        if unit is not None:
            references_in_scene.give_unit(node, unit)
        self._computation.notify()

    def guess_references(self) -> dict[str, object]:
        """Volumes of the scene that are called like maps and are no results, by map; nothing is chosen."""
        return references_in_scene.guess_references(self._scene)

    def choose_guessed(self) -> list[str]:
        """Choose the volumes that are called like maps, for maps without a reference.

        Returns
        -------
        list of str
            The maps that have one now.
        """
        found = {name: node for name, node in self.guess_references().items() if name not in self.references}
        for name, node in found.items():
            self.choose_reference(name, node)
        return list(found)

    # -- how things stand

    @property
    def rows(self) -> list[list]:
        """Titles, then map, measure, unit, value of the comparison in the scene; empty before there is one."""
        return comparison_nodes.read_rows(self._parameters)

    @property
    def compared(self) -> list[str]:
        """The maps of the comparison in the scene."""
        return list(self._facts.get("maps", ()))

    @property
    def notes(self) -> list[str]:
        """What a person should know of the comparison in the scene, and why some maps could not be compared."""
        facts = self._facts
        notes = [note for found in facts.get("maps", {}).values() for note in found["notes"]]
        return [*notes, *(found["sentence"] for found in facts.get("refused", {}).values())]

    @property
    def was_made(self) -> bool:
        """Whether the scene holds a comparison of this scan, even if it is out of date."""
        return bool(self._facts)

    def reason_out_of_date(self) -> str:
        """Why the comparison in the scene is not that of its maps and references, "" where it is."""
        facts, computation = self._facts, self._computation
        if not computation.results.is_current("maps", computation.analysis):
            return _("Something has changed since; compute the maps again.")
        if self._teller.tell_of_other_maps(facts):
            return _("The maps have changed since; compare again.")
        if self._teller.tell_of_other_references(facts):
            return _("The references have changed since; compare again.")
        return ""

    def reason_against(self) -> str:
        """Why nothing can be compared, "" where something can."""
        if not self._computation.results.given_maps(self._computation.analysis):
            return _("Compute the maps first.")
        return "" if self.references else _("Choose a reference for at least one map.")

    def state(self) -> State:
        """How this stands."""
        progress, facts = self._computation.progress, self._facts
        if self._computation.busy and progress is not None and progress.stage == STAGE:
            return State("running", progress.text)
        if not facts:
            return State("waiting", self.reason_against() or _("Press Compare."))
        if reason := self.reason_out_of_date():
            return State("waiting", reason)
        if self._missing_nodes():
            return State("waiting", _("Some of it was removed from the scene; comparing again brings it back."))
        if refused := facts["refused"]:
            return State("attention", " ".join(found["sentence"] for found in refused.values()))
        return State("done", self._in_words())

    # -- comparing

    def compare_steps(self, references=None, units=None, backgrounds=None) -> Steps[object]:
        """Compare the maps in the scene with their references.

        Parameters
        ----------
        references : dict of str to vtkMRMLScalarVolumeNode, optional
            By map; chosen from then on, in place of others. Those that are chosen where left out.
        units, backgrounds : dict of str to str, optional
            Of some of these references, "" for as found; kept with the volumes from then on.

        Yields
        ------
        Progress

        Returns
        -------
        Comparison
            With the sentences of those that could not be compared.

        Raises
        ------
        PerfusionError
            If none can be compared, and if scan or scene go meanwhile: the scene stays as it is.
        """
        with self._computation.at_work() as work:
            steps = self._compare_steps(self._asked(references, units or {}, backgrounds or {}))
            return (yield from work(steps, noted=False))

    def follow_steps(self) -> Steps[None]:
        """Where the maps are others than were compared, but not the references, compare again.

        Yields
        ------
        Progress
        """
        facts, computation = self._facts, self._computation
        if not facts or not computation.results.is_current("maps", computation.analysis):
            return
        if not self._teller.tell_of_other_maps(facts) or self._teller.tell_of_other_references(facts):
            return
        try:
            yield from self.compare_steps()
        except EndedError:
            raise
        except PerfusionError:
            # That it is out of date, and why it cannot be made again, is said where a person asks for it.
            return

    def mark_if_outdated(self) -> None:
        """Let the nodes, and the views that show them, say whether they are of other maps or references."""
        if self._scene is not None and not self._scene.IsClosing() and self._facts:
            comparison_nodes.describe(self._parameters, self.reason_out_of_date())
            self._show()

    def _asked(self, references, units, backgrounds):
        chosen = self.references if references is None else references
        for name in (*chosen, *units, *backgrounds):
            references_in_scene.check_map(name)
        if extra := {*units, *backgrounds} - {*chosen}:
            raise PerfusionError(f"There is no reference {sorted(extra)[0]}, but its unit or background was given.")
        if not chosen:
            raise PerfusionError("There is no reference map; choose a volume for at least one map.")
        return {
            name: Reference(node, *references_in_scene.said_of(node, units.get(name), backgrounds.get(name)))
            for name, node in chosen.items()
        }

    def _compare_steps(self, asked):
        from ...perfusion.similarity import Comparison

        compared, refused = yield from compare_maps_steps(asked, self._parameters)
        yield Progress(STAGE, 1.0, _("Putting the results into the scene"))
        leave_out_removed(compared, refused, self._scene)
        if not compared:
            raise PerfusionError(" ".join(refused.values()))
        self._put(asked, compared, refused)
        return Comparison({name: each.found for name, each in compared.items()}, refused)

    def _put(self, asked, compared, refused):
        parameters = self._parameters
        keep_references(parameters.scan, asked, self._scene)
        facts = self._teller.of(asked, compared, refused)
        comparison_nodes.put_comparison(parameters, rows_of(compared), compared, facts)
        shown = parameters.comparedMap
        self._choose_shown(shown if shown in compared else next(iter(compared)))
        self._show()
        self._computation.notify()

    # -- side by side

    def show_side_by_side(self, name: str) -> None:
        """Show a map beside its reference, in the layout for that.

        Parameters
        ----------
        name : str

        Raises
        ------
        PerfusionError
            If it was not compared.
        """
        was_shown = comparison_views.is_shown()
        self._check_compared(name)
        comparison_views.enter_layout()
        self.show_in_chart(name)
        if not was_shown:
            comparison_views.scroll_as_before()

    def settle_side_by_side(self) -> bool:
        """Let views that are new, or have another size, show the whole head; whether to do so again a little later."""
        if not comparison_views.is_shown() or self._parameters.scan is None:
            return False
        return comparison_views.settle(proxy_volume(self._parameters.scan))

    def show_in_chart(self, name: str) -> None:
        """Let the plot be that of a map, and the views side by side if they are open; errors as `show_side_by_side`."""
        self._check_compared(name)
        self._choose_shown(name)
        self._show()

    def leave_side_by_side(self) -> None:
        """Show all maps again."""
        comparison_views.leave_layout()

    @property
    def is_side_by_side(self) -> bool:
        """Whether the layout is shown in which a map stands beside its reference."""
        return comparison_views.is_shown()

    def look_alike(self) -> None:
        """Show the reference of the map that is shown in the colours and the window that the map has now."""
        comparison_showing.look_alike(self._parameters)

    def _check_compared(self, name):
        references_in_scene.check_map(name)
        shown = [getattr(self._parameters, f"{kind}{name}") for kind in ("placed", "difference")]
        if name not in self.compared or None in shown:
            raise PerfusionError(f"There is no comparison of {name}; choose a reference and compare first.")

    def _choose_shown(self, name):
        if self._parameters.comparedMap != name:
            self._parameters.comparedMap = name
        comparison_nodes.show_in_chart(self._parameters, name)

    def _show(self):
        if self._parameters.comparedMap in self.compared:
            comparison_showing.show(self._parameters, bool(self.reason_out_of_date()))

    # -- files

    def save(self, path) -> None:
        """Write the table as CSV, each row marked as for research only.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        PerfusionError
            If there is no comparison, it is out of date, or the file cannot be written.
        """
        from ...files.atomic import write_text
        from ...perfusion.readings import csv_text
        from ...perfusion.tissue import marked_rows

        if not self.rows:
            raise PerfusionError("There is no comparison; choose references and compare first.")
        if reason := self.reason_out_of_date():
            raise PerfusionError(f"The comparison is out of date: {reason}")
        write_text(path, csv_text(marked_rows(self.rows)))

    # -- inside

    @property
    def _parameters(self):
        return self._computation.parameters

    @property
    def _scene(self):
        return self._parameters.parameterNode.GetScene()

    @property
    def _facts(self):
        return comparison_nodes.read_facts(self._parameters)

    def _missing_nodes(self):
        fields = [f"{kind}{name}" for name in self.compared for kind in ("placed", "difference")]
        return any(getattr(self._parameters, field) is None for field in (*fields, "comparisonChart"))

    def _in_words(self):
        alike = {name: value for name, measure, _unit, value in self.rows[1:] if measure == "NCC"}
        alike = {name: value for name, value in alike.items() if math.isfinite(value)}
        maps = ", ".join(f"{name} {alike[name]:.3f}" if name in alike else name for name in self.compared)
        return _("Compared, with NCC: {maps}.").format(maps=maps)
