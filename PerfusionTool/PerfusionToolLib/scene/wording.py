"""Numbers of things in sentences for a person."""

from __future__ import annotations

from slicer.i18n import tr as _


def frames_in_words(number: int) -> str:
    """ "1 frame", "2 frames", in the language of the application."""
    return _("1 frame") if number == 1 else _("{number} frames").format(number=number)


def voxels_in_words(number: int) -> str:
    """ "1 voxel", "2 voxels", in the language of the application."""
    return _("1 voxel") if number == 1 else _("{number} voxels").format(number=number)
