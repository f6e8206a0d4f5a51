"""Gzip streams, read straight into arrays and written on all cores.

The standard library's gzip module reads in small steps and compresses on one core; for a 4D scan that is the larger
part of the time spent on files.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

from ..perfusion.threads import thread_count

MAGIC = b"\x1f\x8b"
LARGEST_EXPANSION = 1032  # what the deflate format can reach at most
_READ_SIZE = 1 << 18
_BLOCK_SIZE = 1 << 20
_GZIP = 31
_RAW_DEFLATE = -15
# No time and no name in the header, so that equal maps give equal files.
_HEADER = MAGIC + b"\x08\x00\x00\x00\x00\x00\x00\xff"


class GzipReader:
    """Reads the content of a gzip file in sequence; several members in a row count as one.

    Parameters
    ----------
    file : binary file
        Stands at the start of the gzip data.
    """

    def __init__(self, file: BinaryIO):
        self._file = file
        self._inflater = zlib.decompressobj(_GZIP)
        self._compressed = b""

    def readinto(self, buffer) -> int:
        """Fill a buffer as far as the content reaches.

        Parameters
        ----------
        buffer : writable bytes-like

        Returns
        -------
        int
            Bytes filled; fewer than the buffer holds only at the end of the content.

        Raises
        ------
        zlib.error
            If the data are damaged.
        EOFError
            If the file ends too early.
        """
        view = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(view):
            piece = self._inflate(len(view) - filled)
            if not piece:
                break
            view[filled : filled + len(piece)] = piece
            filled += len(piece)
        return filled

    def read(self, size: int) -> bytes:
        """Up to `size` bytes of content; raises as `readinto` does."""
        buffer = bytearray(size)
        return bytes(buffer[: self.readinto(buffer)])

    def finish(self) -> None:
        """Read what is left, so that the checksum at the end is tested; raises as `readinto` does."""
        while self._inflate(_BLOCK_SIZE):
            pass

    def _inflate(self, limit):
        while True:
            if self._inflater.eof and not self._start_next_member():
                return b""
            if not self._compressed:
                self._compressed = self._file.read(_READ_SIZE)
            at_end = not self._compressed
            piece = self._inflater.decompress(self._compressed, limit)
            self._compressed = self._inflater.unconsumed_tail
            if piece:
                return piece
            if at_end and not self._inflater.eof:
                raise EOFError("the compressed data end too early")

    def _start_next_member(self):
        following = self._inflater.unused_data or self._file.read(_READ_SIZE)
        if not following.startswith(MAGIC):
            return False
        self._inflater = zlib.decompressobj(_GZIP)
        self._compressed = following
        return True


def write_gzip(file: BinaryIO, buffers: Sequence, *, real_numbers: bool) -> None:
    """Write buffers one after another as one gzip member, compressed on all cores.

    Parameters
    ----------
    file : binary file
    buffers : sequence of contiguous bytes-like
    real_numbers : bool
        Whether most of it is floating-point numbers. Their noise never repeats, so that only runs are looked for:
        half the time, the same size.

    Notes
    -----
    Blocks are deflated independently and joined on byte boundaries (a sync flush), as RFC 1951 allows; any gzip
    reader takes the result as one stream.
    """
    strategy = zlib.Z_RLE if real_numbers else zlib.Z_DEFAULT_STRATEGY

    def deflate(block):
        deflater = zlib.compressobj(1, zlib.DEFLATED, _RAW_DEFLATE, 9, strategy)
        return deflater.compress(block) + deflater.flush(zlib.Z_SYNC_FLUSH)

    blocks = [block for buffer in buffers for block in _blocks(buffer)]
    checksum = size = 0
    file.write(_HEADER)
    with ThreadPoolExecutor(thread_count()) as pool:
        for block, deflated in zip(blocks, pool.map(deflate, blocks), strict=True):
            file.write(deflated)
            checksum = zlib.crc32(block, checksum)
            size += len(block)
    file.write(zlib.compressobj(1, zlib.DEFLATED, _RAW_DEFLATE).flush())
    file.write(checksum.to_bytes(4, "little") + (size % 2**32).to_bytes(4, "little"))


def _blocks(buffer):
    view = memoryview(buffer).cast("B")
    return [view[start : start + _BLOCK_SIZE] for start in range(0, len(view), _BLOCK_SIZE)]
