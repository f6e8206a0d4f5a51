"""Layout of the headers of NIfTI-1 and NIfTI-2, as https://nifti.nimh.nih.gov defines them (nifti1.h, nifti2.h)."""

from __future__ import annotations

import numpy as np

# The fields that this program reads or writes: byte offset and type in NIfTI-1, byte offset and type in NIfTI-2.
_FIELDS = {
    "sizeof_hdr": (0, "i4", 0, "i4"),
    "dim": (40, "(8,)i2", 16, "(8,)i8"),
    "datatype": (70, "i2", 12, "i2"),
    "bitpix": (72, "i2", 14, "i2"),
    "pixdim": (76, "(8,)f4", 104, "(8,)f8"),
    "vox_offset": (108, "f4", 168, "i8"),
    "scl_slope": (112, "f4", 176, "f8"),
    "scl_inter": (116, "f4", 184, "f8"),
    "xyzt_units": (123, "u1", 500, "i4"),
    "toffset": (136, "f4", 216, "f8"),
    "descrip": (148, "S80", 240, "S80"),
    "qform_code": (252, "i2", 344, "i4"),
    "sform_code": (254, "i2", 348, "i4"),
    "quatern": (256, "(3,)f4", 352, "(3,)f8"),  # quatern_b, _c, _d
    "qoffset": (268, "(3,)f4", 376, "(3,)f8"),  # qoffset_x, _y, _z
    "srow": (280, "(3,4)f4", 400, "(3,4)f8"),  # srow_x, _y, _z
    "magic": (344, "S4", 4, "S4"),
}


def _layout(version, size):
    offsets, types = zip(*(field[2 * version - 2 : 2 * version] for field in _FIELDS.values()), strict=True)
    names = list(_FIELDS)
    return np.dtype({"names": names, "formats": types, "offsets": offsets, "itemsize": size}).newbyteorder("<")


NIFTI_1, NIFTI_2 = _layout(1, 348), _layout(2, 540)
VOXEL_TYPES = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
    1024: "i8",
    1280: "u8",
}


def header_of(content: bytes, layout: np.dtype) -> np.void:
    """The header that a file begins with.

    Parameters
    ----------
    content : bytes
        As many as the layout has.
    layout : dtype
        `NIFTI_1` or `NIFTI_2`.

    Returns
    -------
    void
        In the byte order in which the number of dimensions is 1 to 7, which is how the definition tells them apart.
    """
    little, big = (np.frombuffer(content, layout.newbyteorder(order))[0] for order in "<>")
    return big if not 1 <= little["dim"][0] <= 7 and 1 <= big["dim"][0] <= 7 else little
