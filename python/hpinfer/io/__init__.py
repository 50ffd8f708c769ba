"""Inputs to images: files, PDFs, directories, patterns, addresses, bytes, arrays, Pillow images."""

from __future__ import annotations

from hpinfer.io.decode import decode_image
from hpinfer.io.records import InputFailure, InputImage
from hpinfer.io.sources import IMAGE_SUFFIXES, PDF_SUFFIXES, ImageSource, iter_images

__all__ = [
    "IMAGE_SUFFIXES",
    "PDF_SUFFIXES",
    "ImageSource",
    "InputFailure",
    "InputImage",
    "decode_image",
    "iter_images",
]
