"""Sample heads with known truth, CT and MR: anatomy, vessels, partial volume, bolus, noise, motion."""

from .head import SampleHead, sample_head

__all__ = ["SampleHead", "sample_head"]
