"""The part of the Sample Data module that other modules talk to; nothing is downloaded."""

# ruff: noqa: N802, N803 - the application's own names

from __future__ import annotations

import types

import slicer

_FIELDS = """uris fileNames nodeNames customDownloader thumbnailFileName loadFileTypes loadFiles loadFileProperties
checksums loadFileType"""


class SampleDataLogic:
    """Keeps the sources of all modules, by category. A click on a source calls its customDownloader with it."""

    @staticmethod
    def registerCustomSampleDataSource(category="Custom", sampleName=None, **fields):
        unknown = set(fields) - set(_FIELDS.split())
        if unknown:
            raise TypeError(f"registerCustomSampleDataSource() got an unexpected keyword argument {unknown}")
        if not (isinstance(fields.get("uris"), str) and "fileNames" in fields and fields.get("customDownloader")):
            raise NotImplementedError("The stand-in takes sources with uris, fileNames and customDownloader only.")
        source = types.SimpleNamespace(sampleName=sampleName, sampleDescription=sampleName, **fields)
        sources = SampleDataLogic.sampleDataSourcesByCategory().setdefault(category, [])
        if source not in sources:
            sources.append(source)

    @staticmethod
    def sampleDataSourcesByCategory(category=None):
        known = vars(slicer.modules).setdefault("sampleDataSources", {})
        return known if category is None else known.get(category, [])

    def sourceForSampleName(self, sampleName):
        sources = (source for kind in self.sampleDataSourcesByCategory().values() for source in kind)
        return next((source for source in sources if source.sampleName == sampleName), None)
