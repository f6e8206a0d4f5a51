"""Sample heads with known truth as scans in the scene: simulated here, nothing is downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature
from pathlib import Path

from slicer.i18n import tr as _

from ...perfusion.errors import PerfusionError
from .importing import sequence_from_series

_CATEGORY = "Perfusion"
_NO_ADDRESS = "simulated"  # a source must name one; this is none, so that nothing can be downloaded


@dataclass(frozen=True)
class Sample:
    """A sample scan.

    Parameters
    ----------
    name : str
        Of its node.
    text : str
        What it is, for a person to read.
    """

    name: str
    text: str


SAMPLES = {
    "CT": Sample("CT perfusion head", _("Simulated CT perfusion scan of a head with a stroke")),
    "MR": Sample("DSC-MRI head", _("Simulated DSC-MRI scan of a head with a stroke")),
}


def add_sample(modality: str, **options):
    """Simulate a head and put it into the scene.

    Parameters
    ----------
    modality : {"CT", "MR"}
    **options
        What `sample_head` takes, such as shape, spacing, seed, motion and noise.

    Returns
    -------
    vtkMRMLSequenceNode

    Raises
    ------
    PerfusionError
        If there is no such option, or it cannot be simulated.
    """
    from ...perfusion.phantom import sample_head

    known = signature(sample_head).parameters.keys() - {"modality", "integer"}
    unknown = sorted(options.keys() - known)
    if unknown:
        raise PerfusionError(f"Unknown option {unknown[0]!r} of a sample head; there are {', '.join(sorted(known))}.")
    head = sample_head(modality, integer=True, **options)
    return sequence_from_series(head.series, SAMPLES[modality].name)


def register_sample_data(module_file: str | Path) -> None:
    """Offer the sample heads in the application's Sample Data module.

    Parameters
    ----------
    module_file : str or Path
        The module's own file; its icon is the thumbnail.
    """
    import SampleData

    logic = SampleData.SampleDataLogic
    icon = Path(module_file).parent / "Resources" / "Icons" / f"{Path(module_file).stem}.png"
    # A reloaded module must not offer them twice.
    offered = {source.sampleName for source in logic.sampleDataSourcesByCategory(_CATEGORY)}
    for modality, sample in SAMPLES.items():
        if sample.name not in offered:
            logic.registerCustomSampleDataSource(
                category=_CATEGORY,
                sampleName=sample.name,
                uris=_NO_ADDRESS,
                fileNames=sample.name,
                nodeNames=sample.name,
                thumbnailFileName=str(icon),
                customDownloader=lambda _source, modality=modality: add_sample(modality),
            )
