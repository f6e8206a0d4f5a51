"""The part of the Sample Data module that other modules talk to; nothing is downloaded."""

from __future__ import annotations

import types

import slicer


class SampleDataLogic:
    """Keeps the sources of all modules, by category. A click on a source calls its customDownloader with it."""

    @staticmethod
    def registerCustomSampleDataSource(
        category, sampleName, uris, fileNames, nodeNames, customDownloader, thumbnailFileName=None
    ):
        source = types.SimpleNamespace(sampleName=sampleName, customDownloader=customDownloader)
        SampleDataLogic.sampleDataSourcesByCategory().setdefault(category, []).append(source)

    @staticmethod
    def sampleDataSourcesByCategory(category=None):
        known = vars(slicer.modules).setdefault("sampleDataSources", {})
        return known if category is None else known.get(category, [])
