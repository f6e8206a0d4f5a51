"""A sample scan on disk and what the command line makes of it, for tests of the commands."""

from __future__ import annotations

import argparse
import errno
import os
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PerfusionToolLib.commands import main
from PerfusionToolLib.commands.options import add_settings
from PerfusionToolLib.studies.sample import scanned_head, write_sample

MODULE = Path(__file__).parents[2]
SIZE, FRAMES = (80, 80, 12), 32
MAPS = {"CBF", "CBV", "MTT", "Tmax", "TTP", "TTP_from_arrival", "Quality"}
WRITTEN = {f"{name}.nii.gz" for name in MAPS | {"brain_mask", "vessels", "csf", "arterial_input", "venous_output"}}


@pytest.fixture(scope="module")
def head():
    return scanned_head("CT", SIZE, FRAMES, noise=1.0)


@pytest.fixture(scope="module")
def scan(head, tmp_path_factory):
    path = tmp_path_factory.mktemp("sample") / "head.nii.gz"
    write_sample(head, path)
    return path


@pytest.fixture(scope="module")
def results(scan):
    folder = scan.parent / "results"
    save = "corrected,concentration,residue"
    assert main(["analyze", str(scan), "--modality", "CT", "-o", str(folder), "--save", save]) == 0
    return folder


def parsed(*words):
    parser = argparse.ArgumentParser()
    parser.set_defaults(parser=parser)
    add_settings(parser)
    return parser.parse_args(words)


def contents(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def volume(path):
    return np.asarray(nibabel.load(path).dataobj)
