"""Passages with their vectors: the nearest to a question are found by their angle."""

from __future__ import annotations

import base64
import binascii
import io
import math
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpinfer.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

_PREFIX = "hpinfer vectors:"
_PADDLEX_PREFIX = "PADDLEX_VECTOR_STORE"
#: Cosine below which a passage has nothing to do with a question. Between unit vectors it is the
#: distance at which PaddleX's search stops.
_FAR = 0.222
#: What a damaged or made-up archive makes its readers raise.
_DAMAGE = (
    *(binascii.Error, ValueError, TypeError, KeyError, OSError, EOFError, OverflowError),
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError),
)


@dataclass(frozen=True, slots=True, eq=False)
class VectorStore:
    """Passages and their vectors; immutable.

    Attributes:
        texts: The passages.
        vectors: A unit vector for each, float32 [passages, dimensions].
    """

    texts: tuple[str, ...]
    vectors: npt.NDArray[np.float32]

    @classmethod
    def of(cls, texts: Sequence[str], vectors: npt.NDArray[np.float32]) -> VectorStore:
        """The store of `texts` with these vectors of any length."""
        return cls(tuple(texts), _unit(vectors))

    def nearest(self, questions: npt.NDArray[np.float32], *, most_characters: int) -> list[str]:
        """The passages that belong to any of the questions.

        Args:
            questions: A vector for each question, [questions, dimensions].
            most_characters: How long they may be together.

        Returns:
            The passages, each once: for each question its nearest first.

        Raises:
            InvalidInputError: The vectors have other dimensions: another model made them.
        """
        import numpy as np

        if not self.texts:
            return []
        if questions.shape[1] != self.vectors.shape[1]:
            raise InvalidInputError(
                f"the vectors have {self.vectors.shape[1]} dimensions and those of the questions "
                f"{questions.shape[1]}: build them with the same embedding model"
            )
        cosines = _unit(questions) @ self.vectors.T
        order = np.argsort(-cosines, axis=1, kind="stable")
        near = np.take_along_axis(cosines, order, axis=1) >= _FAR
        chosen: dict[int, None] = {}
        room = most_characters
        for number in order[near].tolist():
            if number in chosen:
                continue
            room -= len(self.texts[number])
            if room < 0:
                break
            chosen[number] = None
        return [self.texts[number] for number in chosen]

    def to_text(self) -> str:
        """The store as one line of ASCII, for JSON."""
        import numpy as np

        stream = io.BytesIO()
        texts = "\0".join(self.texts).encode("utf-8", errors="surrogatepass")
        np.savez(stream, texts=np.frombuffer(texts, np.uint8), vectors=self.vectors)
        return _PREFIX + base64.b64encode(stream.getvalue()).decode("ascii")

    @classmethod
    def from_text(cls, text: str) -> VectorStore:
        """What `to_text` gave.

        Raises:
            InvalidInputError: It is something else.
        """
        import numpy as np

        if text.startswith(_PADDLEX_PREFIX):
            raise InvalidInputError(
                "vectors saved by PaddleX are Python objects that would run as code when loaded; "
                "build them again with build_vector"
            )
        if not text.startswith(_PREFIX):
            raise InvalidInputError(
                f"saved vectors start with {_PREFIX!r}; these start with {text[:20]!r}"
            )
        try:
            content = base64.b64decode(text[len(_PREFIX) :], validate=True)
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                joined = _stored(archive, "texts", len(content)).tobytes()
                vectors = _stored(archive, "vectors", len(content)).astype(np.float32)
            passages = joined.decode("utf-8", errors="surrogatepass")
        except _DAMAGE as error:
            raise InvalidInputError(f"saved vectors are damaged: {error}") from None
        texts = tuple(passages.split("\0")) if vectors.ndim == 2 and len(vectors) else ()
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise InvalidInputError(
                f"saved vectors are damaged: {len(texts)} texts and vectors {vectors.shape}"
            )
        return cls(texts, vectors)


def _stored(archive: zipfile.ZipFile, name: str, most: int) -> npt.NDArray[Any]:
    """An array of an archive as `to_text` writes it: not compressed, and all there.

    NumPy's own reader makes room for whatever a header claims before it reads.

    Raises:
        KeyError: There is none of that name.
        ValueError: It is compressed, larger than the archive, or of another length than it claims.
    """
    import numpy as np

    info = archive.getinfo(f"{name}.npy")
    if info.compress_type != zipfile.ZIP_STORED or info.file_size > most:
        raise ValueError(f"{name} claims to unpack to {info.file_size} bytes")
    content = archive.read(info)
    stream = io.BytesIO(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError(f"{name} is of another version of NumPy's format")
    try:
        shape, columns_first, dtype = np.lib.format.read_array_header_1_0(stream)
    except Exception as error:  # a header is a Python literal: what parsing one raises
        raise ValueError(f"the header of {name} is unusable ({type(error).__name__})") from None
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(content) - stream.tell():
        raise ValueError(f"{name} is not {dtype} {shape}")
    array = np.frombuffer(content, dtype, offset=stream.tell())
    return array.reshape(shape, order="F" if columns_first else "C")


def _unit(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: npt.NDArray[np.float32] = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return unit.astype(np.float32)
