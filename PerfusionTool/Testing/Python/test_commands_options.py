"""The command line: options, and what they say."""

from __future__ import annotations

import argparse
import re
from dataclasses import fields

import pytest
from PerfusionToolLib.commands import main
from PerfusionToolLib.commands.messages import table
from PerfusionToolLib.commands.options import chosen_settings, voxels
from PerfusionToolLib.perfusion import Settings
from scan_on_disk import parsed


def test_every_setting_is_an_option_with_its_text(capsys):
    with pytest.raises(SystemExit):
        main(["analyze", "--help"])
    text = "".join(capsys.readouterr().out.split())
    for setting in fields(Settings):
        assert f"--{setting.name.replace('_', '-')}" in text
        assert "".join(setting.metadata["text"].split()) in text


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda setting: setting.name)
def test_a_default_that_help_shows_reads_back_to_the_default(setting, capsys):
    with pytest.raises(SystemExit):
        main(["analyze", "--help"])
    flag = f"--{setting.name.replace('_', '-')}"
    text = " ".join(capsys.readouterr().out.split())
    shown = re.match(rf".*{flag}[ ,].*?default: (.+?)[;)]", text).group(1)
    switches = {"on": [flag], "off": [f"--no-{flag[2:]}"]}
    words = switches[shown] if isinstance(setting.default, bool) else [flag, shown]
    assert getattr(parsed(*words), setting.name) == setting.default


def test_without_options_the_settings_stay():
    start = Settings(method="oSVD", smoothing_mm=4.0)
    assert chosen_settings(parsed(), start) == start


def test_options_change_what_they_name_only():
    words = ("--method", "Tikhonov", "--no-motion-correction", "--frames-to-drop", "2", "--hide-csf")
    assert chosen_settings(parsed(*words), Settings()) == Settings(
        method="Tikhonov", motion_correction=False, frames_to_drop=2, hide_csf=True
    )


def test_auto_empties_a_setting_of_an_earlier_analysis():
    assert chosen_settings(parsed("--frames-to-drop", "auto"), Settings(frames_to_drop=3)).frames_to_drop is None


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["analyse"],
        ["analyze", "scan.nii.gz", "-o", "out"],
        ["analyze", "scan.nii.gz", "-o", "out", "--modality", "PET"],
        ["analyze", "scan.nii.gz", "-o", "out", "--modality", "CT", "--smoothing-mm", "500"],
        ["analyze", "scan.nii.gz", "-o", "out", "--modality", "CT", "--method", "magic"],
        ["analyze", "scan.nii.gz", "-o", "out", "--modality", "CT", "--save", "everything"],
        ["analyze", "scan.nii.gz", "-o", "out", "--modality", "CT", "--frame-interval", "1", "--times", "t.csv"],
        ["analyze", "scan.nii.gz", "-o", "out", "--modality", "CT", "--arterial-input", "32,32"],
        ["sample", "ct", "out.nii.gz", "--shape", "10,10"],
    ],
)
def test_wrong_usage_ends_with_2_and_says_why(words, capsys):
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "error:" in captured.err


def test_voxels_are_three_whole_numbers():
    assert voxels("10,20,3") == (10, 20, 3)
    with pytest.raises(argparse.ArgumentTypeError, match="1,2"):
        voxels("1,2")


@pytest.mark.parametrize("word", ["32,32", "1,2,3,4", "1.5,2,3", "1,,3", "32"])
def test_numbers_that_are_no_voxel_are_wrong_usage(word, capsys):
    with pytest.raises(SystemExit) as end:
        main(["analyze", "scan.nii.gz", "-o", "out", "--modality", "CT", "--arterial-input", word])
    assert end.value.code == 2
    assert f"'{word}' is no voxel; give i,j,k" in capsys.readouterr().err


def test_tables_have_columns_of_one_width():
    lines = table(["stage", "seconds"], [["a", "1.25"], ["longer", "10.00"]]).splitlines()
    assert {len(line) for line in lines} == {len("longer  seconds")}
