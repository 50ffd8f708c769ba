"""Damaged copies of valid files, as hypothesis strategies."""

from __future__ import annotations

from hypothesis import strategies as st

_EDGES = [0, 1, 0x7F, 0x80, 0xFE, 0xFF]


@st.composite
def damaged(draw, originals: list[bytes]) -> bytes:
    """One of the files with bytes changed, cut, repeated, inserted, or its end replaced."""
    data = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 6))):
        if not data:
            break
        # Headers decide more than contents, so half of the damage is done there.
        reach = draw(st.sampled_from([min(len(data), 64), len(data)]))
        at = draw(st.integers(0, reach - 1))
        kind = draw(st.integers(0, 6))
        if kind == 0:
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == 1:
            data[at] = draw(st.sampled_from(_EDGES))
        elif kind == 2:
            del data[at:]
        elif kind == 3:
            del data[at : at + draw(st.integers(1, 64))]
        elif kind == 4:
            data[at:at] = data[at : at + draw(st.integers(1, 64))]
        elif kind == 5:
            data[at:at] = draw(st.binary(min_size=1, max_size=16))
        else:
            number = draw(st.sampled_from([0, 1, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]))
            order = draw(st.sampled_from(["little", "big"]))
            data[at : at + 4] = number.to_bytes(4, order)
    return bytes(data)
