"""The report: its verdicts at their limits, what it shows, and that it needs nothing else; tissue at risk as files."""

from __future__ import annotations

import base64
import csv
import errno
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import nibabel
import numpy as np
import pytest
from matplotlib.image import imread
from PerfusionToolLib import files
from PerfusionToolLib.perfusion import PerfusionError, Settings, analyze
from PerfusionToolLib.perfusion.phantom import sample_head
from PerfusionToolLib.perfusion.progress import drain
from PerfusionToolLib.perfusion.projection import project_middle_third
from PerfusionToolLib.perfusion.series import Grid
from PerfusionToolLib.perfusion.tissue import RESEARCH_ONLY, study_tissue_steps
from PerfusionToolLib.studies.drawing import Slices
from PerfusionToolLib.studies.report import verdicts, write_report_steps
from PerfusionToolLib.studies.report.sections import SECTIONS
from PerfusionToolLib.studies.report.verdicts import CHECK, GOOD, LEVELS, POOR, RULES, STEPS, judged, worst
from PerfusionToolLib.studies.request import Request, request_again
from PerfusionToolLib.studies.tissue_results import check_rule, default_rule, tissue_by_rule_steps, write_tissue

TITLE = "head <one> & two"
VOID = {"meta", "img"}


class Page(HTMLParser):
    """What a page holds, and whether every tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.attributes, self.unmatched, self.words = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.attributes += [(tag, name, value or "") for name, value in attributes]

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.unmatched.append(tag)

    def handle_data(self, data):
        self.words.append(data)


def head(modality="CT", **options):
    return sample_head(modality, shape=(8, 64, 64), spacing=(12.0, 3.0, 3.0), **({"noise": 2.0} | options))


@pytest.fixture(scope="module")
def study():
    return analyze(head().series)


@pytest.fixture(scope="module")
def tissue(study):
    return drain(study_tissue_steps(study))


@pytest.fixture(scope="module")
def text(study, tissue, tmp_path_factory):
    return written(study, tmp_path_factory.mktemp("report") / "report.html", tissue)


def written(study, path, tissue=None, **options):
    drain(write_report_steps(study, path, TITLE, tissue, **options))
    return path.read_text(encoding="utf-8")


def section(text, name):
    return re.search(rf'<section id="{name}">(.*?)</section>', text, re.DOTALL).group(1)


def pictures(text):
    return [imread(BytesIO(base64.b64decode(data))) for data in re.findall(r"data:image/png;base64,([^\"]+)", text)]


def level_of(study, step):
    return next(verdict.level for verdict in verdicts(study) if verdict.step == step)


def beyond(rule, limit):
    return limit + (1 if rule.worse == "above" else -1) * 1e-6


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.step}: {rule.what}, {rule.worse}")
def test_a_value_at_a_limit_is_not_beyond_it(rule):
    assert rule.level(rule.check) == GOOD
    assert rule.level(beyond(rule, rule.check)) == CHECK
    if not np.isnan(rule.poor):
        assert rule.level(rule.poor) == CHECK
        assert rule.level(beyond(rule, rule.poor)) == POOR


def test_a_step_is_as_bad_as_its_worst_finding():
    motion = [rule for rule in RULES if rule.step == "Motion"]
    assert judged("Motion", [(motion[0], 1.0), (motion[1], 0.0)], ()).level == GOOD
    assert judged("Motion", [(motion[0], 3.0), (motion[1], 0.0)], ()).level == CHECK
    assert judged("Motion", [(motion[0], 3.0), (motion[1], 11.0)], ()).level == POOR


def test_a_warning_or_nothing_measured_asks_for_a_check():
    rule = RULES[0]
    assert judged(rule.step, [(rule, 1.0)], ("Look at this.",)).level == CHECK
    assert judged(rule.step, [(rule, 9.0)], ("Look at this.",)).level == POOR
    assert judged(rule.step, [(rule, float("nan"))], ()).level == CHECK
    assert worst([GOOD, POOR, CHECK]) == POOR


def test_every_rule_belongs_to_a_step_and_every_step_has_a_rule():
    assert {rule.step for rule in RULES} == set(STEPS)


def test_a_quiet_head_that_lies_still_is_good(study):
    assert {verdict.step: verdict.level for verdict in verdicts(study)} == dict.fromkeys(STEPS, GOOD)


def test_a_bolus_cut_off_is_poor():
    series = head().series
    series.signal, series.times = series.signal[:17], series.times[:17]
    found = analyze(series, Settings(motion_correction=False))
    assert level_of(found, "Bolus") == POOR
    assert level_of(found, "Motion") == CHECK


def test_noise_lowers_the_verdict_on_noise_step_by_step():
    levels = [
        level_of(analyze(head(noise=noise).series, Settings(motion_correction=False)), "Noise")
        for noise in (2.0, 5.0, 14.0)
    ]
    assert levels == list(LEVELS)


def test_a_mask_that_takes_in_loose_pieces_is_not_good(study):
    mask = study.brain_mask.copy()
    mask[:, :8, :8] = True
    rule = next(rule for rule in RULES if "one piece" in rule.what)
    assert rule.level(rule.measure(type("Study", (), {"brain_mask": mask}))) != GOOD
    assert rule.measure(study) > 98


def test_the_largest_slice_is_measured_whatever_the_order_of_the_axes(study):
    rule = next(rule for rule in RULES if rule.what == "largest slice")
    moved = study.brain_mask.transpose(2, 0, 1)
    grid = Grid(moved.shape, study.grid.ijk_to_ras[:, [1, 2, 0, 3]])
    places = study.grid.to_ras(np.argwhere(study.brain_mask))
    assert np.allclose(sorted(places.tolist()), sorted(grid.to_ras(np.argwhere(moved)).tolist()))
    other = type("Study", (), {"grid": grid, "brain_mask": moved})
    assert rule.measure(other) == pytest.approx(rule.measure(study))


def test_every_section_is_there_with_what_it_is_for(text):
    for name, (title, _) in SECTIONS.items():
        assert title in section(text, name)
    assert section(text, "motion").count("<svg") == 1
    assert section(text, "time").count("<svg") == 1
    assert section(text, "bolus").count("<svg") == 1
    assert section(text, "vessels").count("<svg") == 2
    assert section(text, "frames").count("<img") == 2
    for name, count in {"mask": 1, "concentration": 1, "vessels": 1, "maps": 6, "uncertainty": 1, "tissue": 1}.items():
        assert section(text, name).count("<img") == count


def test_maps_have_their_units(text):
    maps = section(text, "maps")
    for title in ("CBF, ml/100g/min", "CBV, ml/100g", "MTT, s", "Tmax, s", "TTP, s"):
        assert f"<h3>{title}</h3>" in maps


def test_volumes_and_reasons_of_the_lesion_are_told(text, tissue):
    part = section(text, "tissue")
    assert f"{tissue.volumes.hypoperfusion:.4g}" in part
    assert f"core {tissue.volumes.core:.1f} ml" in part
    assert all(component.reason in part for component in tissue.components)


def test_reasons_of_the_candidates_are_told(text, study):
    assert study.arterial_input.candidates[0].reason in section(text, "vessels")
    assert study.arterial_input.scale_reason in section(text, "vessels")


def test_the_page_needs_nothing_else(text):
    assert "http" not in text
    assert not re.search(r"@import|<script|<link|<iframe", text)
    for _, name, value in Page(text).attributes:
        if name.split(":")[-1] in ("src", "href"):
            assert value.startswith(("data:image/png;base64,", "#"))
    assert all(target.startswith("#") for target in re.findall(r"url\((.*?)\)", text))


def test_the_page_is_well_formed_and_takes_any_title(text):
    page = Page(text)
    assert page.open == [] and page.unmatched == []
    assert TITLE in page.words
    assert "<one>" not in text


def test_anchors_of_the_page_exist(text):
    names = {value for tag, name, value in Page(text).attributes if tag == "section" and name == "id"}
    assert set(re.findall(r'<a href="#(.*?)"', text)) == names == set(SECTIONS)


def test_charts_take_the_colour_of_the_page(text):
    assert "currentColor" in section(text, "bolus")
    assert "#010203" not in text


def test_research_use_stands_at_the_top_and_heads_every_printed_page(text):
    body = text[text.index("<body>") :]
    first = Page(body).words[0]
    assert first == RESEARCH_ONLY
    assert re.search(r'<thead class="every-page"><tr><td><div class="use">Research use only', body)
    assert re.search(r"@media print.*thead\.every-page { display: table-header-group; }", text, re.DOTALL)


def test_pictures_show_colours_on_black(text):
    for picture in pictures(section(text, "maps")):
        assert (picture[..., :3].max(axis=-1) == 0).mean() > 0.2
        assert (np.ptp(picture[..., :3], axis=-1) > 0.5).mean() > 0.05


def test_the_lesion_is_drawn_on_the_side_where_it_lies(text, tissue):
    (picture,) = pictures(section(text, "tissue"))
    yellow = (picture[..., 0] > 0.55) & (picture[..., 2] < picture[..., 0] - 0.2)
    left, right = (tissue.side_volumes[side].hypoperfusion for side in ("left", "right"))
    assert left > 10 * right
    slices = Slices(tissue.grid, tissue.hypoperfusion | tissue.core)
    assert slices(tissue.hypoperfusion).any()
    width = picture.shape[1] // 4
    on_left = sum(yellow[:, n * width + width // 2 : (n + 1) * width].sum() for n in range(4))
    assert on_left > 0.9 * yellow.sum() > 0


def test_without_motion_correction_and_tissue_the_report_says_so(study, tmp_path):
    other = analyze(head().series, Settings(motion_correction=False, method="boxNLR"))
    text = written(other, tmp_path / "report.html", no_tissue="No thresholds suit.")
    assert "Motion was not corrected." in section(text, "motion")
    assert "No thresholds suit." in section(text, "tissue")
    deviations = [name for name in other.maps if name.endswith(" SD")]
    shown = section(text, "uncertainty")
    assert all(f"<h3>{name}" in shown for name in deviations)
    assert ("gives no standard deviations" in shown) == (not deviations)


def test_mr_is_reported_too(tmp_path):
    found = analyze(head("MR", noise=0.02).series, Settings(motion_correction=False))
    text = written(found, tmp_path / "report.html")
    assert "Minimum projection" in section(text, "frames")
    assert "−ln(S/S0)" in section(text, "bolus")
    assert "echo time" in section(text, "scan")


def test_the_same_study_gives_the_same_report(study, tissue, text, tmp_path):
    assert written(study, tmp_path / "again.html", tissue) == text


def test_a_report_that_cannot_be_finished_leaves_the_old_one(study, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")
    work = write_report_steps(study, path, TITLE)
    for _ in range(12):
        next(work)
    work.close()
    assert path.read_text() == "old"

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(PerfusionError, match="No space left"):
        drain(write_report_steps(study, path, TITLE))
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_progress_is_told_in_short_steps(study, tissue, tmp_path):
    told = list(write_report_steps(study, tmp_path / "report.html", TITLE, tissue))
    fractions = [progress.fraction for progress in told]
    assert len(told) > 40
    assert fractions == sorted(fractions) and fractions[-1] == 1


def test_a_projection_takes_the_middle_third():
    frames = np.arange(2 * 9 * 1 * 1).reshape(2, 9, 1, 1)
    assert project_middle_third(frames, True).ravel().tolist() == [5, 14]
    assert project_middle_third(frames, False).ravel().tolist() == [3, 12]


def test_tissue_is_written_with_its_volumes_and_its_notice(tissue, tmp_path):
    write_tissue(tissue, tmp_path)
    image = nibabel.load(tmp_path / "hypoperfusion.nii.gz")
    ml = np.asarray(image.dataobj).sum() * abs(np.linalg.det(image.affine[:3, :3])) / 1000
    assert ml == pytest.approx(tissue.volumes.hypoperfusion, rel=1e-5)
    assert b"research use only" in image.header["descrip"].item()
    rows = {name: list(csv.reader((tmp_path / name).open())) for name in ("tissue.csv", "tissue_components.csv")}
    assert float(rows["tissue.csv"][1][2]) == pytest.approx(ml, rel=1e-4)
    assert len(rows["tissue_components.csv"]) == 1 + len(tissue.components)
    assert all(row[-1] == "research use only" for table in rows.values() for row in table[1:])
    assert (tmp_path / "tissue.txt").read_text(encoding="utf-8").startswith(RESEARCH_ONLY)


def test_the_default_rule_is_the_published_one_of_the_method(study):
    tissue, note = drain(tissue_by_rule_steps(study))
    assert str(tissue.criteria.hypoperfusion) == "Tmax > 6 s" and note == ""
    assert default_rule("dSVD") == "Delay 3 s, CBF 30 %"
    assert default_rule("sSVD") == "MTT 145 %, CBV 2 ml"


def test_a_method_without_published_thresholds_has_a_sentence_why(study):
    study = analyze(study.series, replace(study.settings, method="Tikhonov", motion_correction=False))
    tissue, note = drain(tissue_by_rule_steps(study))
    assert tissue is None
    assert "none for Tikhonov" in note


@pytest.mark.parametrize(
    ("rule", "settings", "words"),
    [
        ("Tmax 5 s", Settings(), "There are no thresholds 'Tmax 5 s'; choose 'Tmax 6 s, CBF 38 %'"),
        ("MTT 145 %, CBV 2 ml", Settings(), "were published for sSVD, but the maps come from bcSVD"),
        ("Tmax 6 s, CBF 30 %", Settings(relative_to="brain_mean"), "need absolute maps"),
    ],
)
def test_a_rule_that_cannot_be_applied_is_refused_beforehand(rule, settings, words):
    with pytest.raises(PerfusionError, match=re.escape(words)):
        check_rule(rule, settings)


def test_a_recorded_rule_is_applied_again(tmp_path):
    scan, record = tmp_path / "scan", tmp_path / "settings.json"
    scan.write_bytes(b"voxels")
    known = {"sha256": files.checksum(scan), "modality": "CT", "times": [0.0, 1.5], "time_source": "header"}
    known |= {"echo_time": None, "echo_time_source": None}
    inputs = {"brain_mask": None, "arterial_input": None}
    files.write_json(record, {"scan": known, "inputs": inputs, "tissue_rule": "Tmax 6 s, CBF 38 %"})
    assert request_again(Request(scan=scan, record=record)).tissue_rule == "Tmax 6 s, CBF 38 %"
    own = Request(scan=scan, record=record, tissue_rule="Tmax 6 s, CBF 30 %")
    assert request_again(own).tissue_rule == "Tmax 6 s, CBF 30 %"
