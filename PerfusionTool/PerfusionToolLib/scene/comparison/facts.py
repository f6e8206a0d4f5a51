"""What a scene must know of a comparison: of which maps and references it is, and what a person should know of it."""

from __future__ import annotations

from zlib import crc32

import numpy as np

from ..parameters import map_field
from ..volumes import volume_array, volume_grid
from .maps import ComparedMap, Reference
from .references import can_be_chosen, given_background, given_unit, references_of

_SAME_PLACE_MM = 1e-3


class Contents:
    """What tells voxels and place of one volume from those of another; looked at anew only where they may be others."""

    def __init__(self):
        self._known = {}

    def of(self, node) -> dict:
        """Checksum and place of a volume, plain enough for JSON.

        Parameters
        ----------
        node : vtkMRMLScalarVolumeNode
            With voxels.

        Returns
        -------
        dict
        """
        changed = node.GetImageData().GetMTime()
        known = self._known.get(node.GetID())
        if known is None or known[0] != changed:
            known = changed, crc32(np.ascontiguousarray(volume_array(node)))
            self._known[node.GetID()] = known
        return {"checksum": known[1], "ijk_to_ras": volume_grid(node).ijk_to_ras.tolist()}

    def is_that(self, node, content: dict) -> bool:
        """Whether a volume still has this content; not, if it is None or has no voxels."""
        if node is None or node.GetImageData() is None:
            return False
        found = self.of(node)
        same_place = np.allclose(found["ijk_to_ras"], content["ijk_to_ras"], rtol=0, atol=_SAME_PLACE_MM)
        return found["checksum"] == content["checksum"] and same_place


class Facts:
    """Tells the facts of a comparison, and whether they still hold.

    Parameters
    ----------
    parameters : PerfusionToolParameterNode
    """

    def __init__(self, parameters):
        self._parameters = parameters
        self._contents = Contents()

    def of(self, asked: dict[str, Reference], compared: dict[str, ComparedMap], refused: dict[str, str]) -> dict:
        """The facts of a comparison, plain enough for JSON.

        Parameters
        ----------
        asked : dict of str to Reference
        compared : dict of str to ComparedMap
        refused : dict of str to str
            Why the others could not be compared.

        Returns
        -------
        dict
        """
        said = {name: {"unit_given": each.unit, "background": each.background} for name, each in asked.items()}
        maps = {
            name: {
                **said[name],
                "unit": found.unit,
                "scaled": bool(np.isfinite(found.scale)),
                "notes": found.notes,
                "own": self._contents.of(found.own.volume),
                "reference": self._contents.of(found.reference.node),
            }
            for name, found in compared.items()
        }
        scene = self._parameters.parameterNode.GetScene()
        others = {
            name: {**said[name], "sentence": sentence, "chosen": can_be_chosen(asked[name].node, scene)}
            for name, sentence in refused.items()
        }
        return {"maps": maps, "refused": others}

    def tell_of_other_maps(self, facts: dict) -> bool:
        """Whether a comparison is of other maps than those in the scene."""
        return any(
            not self._contents.is_that(getattr(self._parameters, map_field(name)), found["own"])
            for name, found in facts["maps"].items()
        )

    def tell_of_other_references(self, facts: dict) -> bool:
        """Whether a comparison is with other references than those that are chosen, or they have changed."""
        chosen = references_of(self._parameters.scan)
        told = facts["maps"] | {name: found for name, found in facts["refused"].items() if found["chosen"]}
        if chosen.keys() != told.keys():
            return True
        for name, node in chosen.items():
            if (given_unit(node), given_background(node)) != (told[name]["unit_given"], told[name]["background"]):
                return True
        return any(not self._contents.is_that(chosen[name], each["reference"]) for name, each in facts["maps"].items())
