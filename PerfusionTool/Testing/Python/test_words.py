"""Numbers of things in sentences: one of them is not several."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PerfusionToolLib.perfusion import Analysis, PerfusionSeries, Settings, sample_head
from PerfusionToolLib.perfusion.words import counted

LIBRARY = Path(__file__).resolve().parents[2] / "PerfusionToolLib"


@pytest.mark.parametrize(("number", "words"), [(0, "0 frames"), (1, "1 frame"), (2, "2 frames")])
def test_only_one_is_singular(number, words):
    assert counted(number, "frame") == words


@pytest.mark.parametrize(("number", "words"), [(0, "0 voxels"), (1, "1 voxel"), (2, "2 voxels")])
def test_the_window_counts_alike(scene, number, words):
    from PerfusionToolLib.scene.wording import frames_in_words, voxels_in_words

    assert voxels_in_words(number) == words
    assert frames_in_words(number) == words.replace("voxel", "frame")


@pytest.mark.parametrize(
    ("unsteady", "sentence"), [(1, "The first frame is not steady"), (2, "The first 2 frames are not steady")]
)
def test_the_first_frames_are_told_by_their_number(unsteady, sentence):
    series = sample_head("MR", shape=(6, 64, 64), spacing=(8.0, 3.0, 3.0), integer=True).series
    signal = series.signal.astype(np.float32)
    for frame in range(unsteady):
        signal[frame] *= 1 + 0.15 * 4 ** (unsteady - 1 - frame)
    study = Analysis(
        PerfusionSeries(signal, series.times, series.ijk_to_ras, "MR", series.echo_time),
        Settings(motion_correction=False),
    )
    for progress in study.steps():
        if progress.stage == "brain":
            break
    assert any(sentence in warning for warning in study.warnings), study.warnings


def test_no_sentence_makes_its_plural_by_itself():
    found = [path.name for path in LIBRARY.rglob("*.py") if re.search(r"\{'s\b[^}]*\* ?\(", path.read_text("utf-8"))]
    assert found == []
