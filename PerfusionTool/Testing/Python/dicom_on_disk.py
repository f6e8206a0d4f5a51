"""Perfusion scans as DICOM files, written the way the scanners of several makers do."""

from __future__ import annotations

import random

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

SLICES, ROWS, COLUMNS, FRAMES = 4, 16, 12, 12
INTERVAL = 1.5
ORIGIN, SPACING, SLICE_STEP = (-30.0, -40.0, 20.0), (5.0, 4.0), 6.0
CT, ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1"
MR, ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1"
PHILIPS = "Philips MR Imaging DD 001"
TIMES = INTERVAL * np.arange(FRAMES)
# Voxels of the scan in RAS: i to the left, j to the back, k upwards.
IJK_TO_RAS = np.array([[-4.0, 0, 0, 30], [0, -5, 0, 40], [0, 0, 6, 20], [0, 0, 0, 1]])


def signal(frames=FRAMES, slices=SLICES):
    """Whole numbers, another one in each voxel and frame."""
    places = np.arange(slices * ROWS * COLUMNS).reshape(slices, ROWS, COLUMNS)
    return (places[None] % 701 + 17 * np.arange(frames)[:, None, None, None]).astype(np.int16)


def time_of_day(seconds, digits=6):
    """HHMMSS.FFFFFF, that many seconds after half past ten."""
    whole = 10 * 3600 + 30 * 60 + seconds
    text = f"{whole % 60:0{3 + digits if digits else 2}.{digits}f}"
    return f"{int(whole // 3600) % 24:02d}{int(whole // 60) % 60:02d}{text}"


def header(sop_class=CT, series="1", study="1", number=7, description="CTP"):
    """What all images of a series have in common; UIDs follow from the words given."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = sop_class
    dataset = FileDataset("", Dataset(), file_meta=meta, preamble=bytes(128))
    dataset.SOPClassUID = sop_class
    dataset.Modality = "CT" if sop_class in (CT, ENHANCED_CT) else "MR"
    dataset.StudyInstanceUID = generate_uid(entropy_srcs=["study", study])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["series", study, series])
    dataset.FrameOfReferenceUID = generate_uid(entropy_srcs=["frame of reference", study])
    dataset.SeriesNumber, dataset.SeriesDescription = number, description
    dataset.PatientName, dataset.PatientID = "Sample^Head", "S001"
    dataset.PatientBirthDate, dataset.PatientSex = "19500101", "O"
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "20240105", "102500", "42"
    dataset.AccessionNumber, dataset.ReferringPhysicianName = "A1", ""
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.Rows, dataset.Columns = ROWS, COLUMNS
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 1
    return dataset


def images(clock, voxels=None, step=(0.0, 0.0, SLICE_STEP), slope=1, intercept=-1024, **common):
    """Single-frame images of a series.

    Parameters
    ----------
    clock : callable
        Takes a data set, frame and slice, and writes when the image was taken.
    voxels : ndarray of shape (t, z, y, x), optional
        Real values.
    step : tuple of float
        From slice to slice in mm, LPS.
    slope, intercept : float
    **common
        For `header`.

    Returns
    -------
    list of FileDataset
        Frame by frame, slice by slice.
    """
    voxels = signal() if voxels is None else voxels
    made = []
    for frame, volume in enumerate(voxels):
        for place, picture in enumerate(volume):
            dataset = header(**common)
            dataset.SOPInstanceUID = generate_uid()
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            dataset.InstanceNumber = frame * len(volume) + place + 1
            dataset.ImagePositionPatient = [o + place * s for o, s in zip(ORIGIN, step, strict=True)]
            dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
            dataset.PixelSpacing, dataset.SliceThickness = list(SPACING), SLICE_STEP
            dataset.RescaleSlope, dataset.RescaleIntercept = slope, intercept
            store(dataset, picture, slope, intercept)
            clock(dataset, frame, place)
            made.append(dataset)
    return made


def images_of(series):
    """A series as an axial scan of its own geometry, each frame with its time of acquisition."""

    def clock(dataset, frame, place):
        dataset.AcquisitionDate, dataset.AcquisitionTime = "20240105", time_of_day(series.times[frame])
        to_lps = np.diag([-1, -1, 1]) @ series.ijk_to_ras[:3]
        dataset.ImagePositionPatient = list(to_lps @ [0, 0, place, 1])
        along = to_lps[:, :2] / series.grid.spacing[:0:-1]
        dataset.ImageOrientationPatient = [*along[:, 0], *along[:, 1]]
        dataset.PixelSpacing = list(series.grid.spacing[1:])

    return images(clock, series.signal)


def store(dataset, picture, slope=1, intercept=0):
    stored = np.round((picture.astype(float) - intercept) / slope).astype("<i2")
    dataset.Rows, dataset.Columns = picture.shape[-2:]
    dataset.PixelData = stored.tobytes()


def write(folder, datasets, seed=0):
    """Write data sets in any order, under names that say nothing, in two folders."""
    names = [f"{number:05d}" for number in range(len(datasets))]
    random.Random(seed).shuffle(names)
    for name, dataset in zip(names, datasets, strict=True):
        path = folder / ("A" if int(name) % 2 else "B") / f"IM{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(path, enforce_file_format=True)
    return folder


def siemens_ct(dataset, frame, place):
    """Date and time of acquisition, the same for all slices of a frame."""
    dataset.Manufacturer = "SIEMENS"
    dataset.AcquisitionDate, dataset.ContentDate = "20240105", "20240105"
    dataset.AcquisitionTime = time_of_day(TIMES[frame])
    dataset.ContentTime = time_of_day(TIMES[frame] + 60)


def ge_ct(dataset, frame, place):
    """Acquisition time of the whole cine run; each image has a content time, and a date and time of its acquisition."""
    dataset.Manufacturer = "GE MEDICAL SYSTEMS"
    dataset.AcquisitionDate, dataset.AcquisitionTime = "20240105", time_of_day(0)
    dataset.AcquisitionDateTime = f"20240105{time_of_day(TIMES[frame])}"
    dataset.ContentTime = time_of_day(60)


def content_time_only(dataset, frame, place):
    dataset.AcquisitionTime = time_of_day(0)
    dataset.ContentDate, dataset.ContentTime = "20240105", time_of_day(60 + TIMES[frame])


def siemens_dsc(dataset, frame, place):
    """Every slice has its own time within the frame, odd slices first."""
    dataset.Manufacturer, dataset.RepetitionTime, dataset.EchoTime = "SIEMENS", 1500, 32
    dataset.AcquisitionTime = time_of_day(TIMES[frame] + slice_delay(place))


def slice_delay(place):
    return INTERVAL / SLICES * ((place % 2 == 0) * SLICES / 2 + place // 2)


def ge_dsc(dataset, frame, place):
    """All clocks stand still but the trigger time, in ms from the start."""
    _ge_mr(dataset)
    dataset.TriggerTime = 1000 * TIMES[frame]


def ge_dsc_without_clock(dataset, frame, place):
    """Only instance numbers tell the order, and the repetition time the interval."""
    _ge_mr(dataset)


def _ge_mr(dataset):
    dataset.Manufacturer, dataset.RepetitionTime, dataset.EchoTime = "GE MEDICAL SYSTEMS", 1500, 30
    dataset.AcquisitionTime = dataset.ContentTime = "115551"


def philips_dsc(dataset, frame, place):
    """Temporal positions and a private clock in s; instance numbers run slice by slice."""
    dataset.Manufacturer, dataset.RepetitionTime, dataset.EchoTime = "Philips Medical Systems", 800, 40
    dataset.AcquisitionTime = time_of_day(0)
    dataset.TemporalPositionIdentifier, dataset.NumberOfTemporalPositions = frame + 1, FRAMES
    dataset.InstanceNumber = place * FRAMES + frame + 1
    dataset.private_block(0x2005, PHILIPS, create=True).add_new(0xA0, "FL", TIMES[frame])


def temporal_positions(dataset, frame, place):
    """Temporal positions and the time between them, and no clock at all."""
    dataset.EchoTime, dataset.RepetitionTime = 40, 800
    dataset.TemporalPositionIdentifier, dataset.TemporalResolution = frame + 1, 1000 * INTERVAL


def enhanced(voxels=None, sop_class=ENHANCED_CT, clock=True, slope=1, intercept=-1024):
    """One multi-frame image of a whole scan, its frames in no order."""
    voxels = signal() if voxels is None else voxels
    order = [(frame, place) for frame in range(len(voxels)) for place in range(voxels.shape[1])]
    random.Random(1).shuffle(order)
    dataset = header(sop_class=sop_class)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.InstanceNumber, dataset.NumberOfFrames = 1, len(order)
    shared = Dataset()
    shared.PixelMeasuresSequence = [_item(PixelSpacing=list(SPACING), SliceThickness=SLICE_STEP)]
    shared.PlaneOrientationSequence = [_item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]
    shared.PixelValueTransformationSequence = [_item(RescaleSlope=slope, RescaleIntercept=intercept, RescaleType="HU")]
    if sop_class == ENHANCED_MR:
        shared.MREchoSequence = [_item(EffectiveEchoTime=35.0)]
        shared.MRTimingAndRelatedParametersSequence = [_item(RepetitionTime=1000 * INTERVAL)]
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = [_frame_groups(frame, place, clock) for frame, place in order]
    store(dataset, np.array([voxels[index] for index in order]), slope, intercept)
    return dataset


def _frame_groups(frame, place, clock):
    content = _item(TemporalPositionIndex=frame + 1, InStackPositionNumber=place + 1, StackID="1")
    if clock:
        content.FrameAcquisitionDateTime = f"20240105{time_of_day(TIMES[frame])}"
    groups = Dataset()
    groups.FrameContentSequence = [content]
    position = [ORIGIN[0], ORIGIN[1], ORIGIN[2] + place * SLICE_STEP]
    groups.PlanePositionSequence = [_item(ImagePositionPatient=position)]
    return groups


def _item(**values):
    item = Dataset()
    for name, value in values.items():
        setattr(item, name, value)
    return item
