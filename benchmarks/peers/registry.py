"""The programs that are compared: names, engines, and the environment each one runs in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
OURS = "hpinfer"
#: PaddleX with hpinfer as its plugin: `prepare.py` installs this repository there too.
WITH_OURS = "paddlex-hpinfer"
#: PaddleX as its guide installs it: its default engine, on the models' Paddle files.
WITH_PADDLE = "paddlex-paddle"


@dataclass(frozen=True, slots=True)
class Peer:
    """One program on one engine.

    `environment` names the requirements file and the virtual environment; `hpinfer` stands for
    the interpreter given on the command line. `packages` are the versions worth recording.
    """

    name: str
    environment: str
    engine: str
    precision: str
    packages: tuple[str, ...]

    @property
    def is_ours(self) -> bool:
        """Whether this is hpinfer itself."""
        return self.environment == OURS


PEERS = {
    peer.name: peer
    for peer in (
        Peer("hpinfer_ort", OURS, "onnxruntime", "f32", ("hpinfer", "onnxruntime", "numpy")),
        Peer(
            "rapidocr_ort",
            "rapidocr-ort",
            "onnxruntime",
            "f32",
            ("rapidocr-onnxruntime", "onnxruntime", "opencv-python", "numpy"),
        ),
        Peer(
            "paddlex_ort",
            "paddlex",
            "onnxruntime",
            "f32",
            ("paddlex", "onnxruntime", "opencv-contrib-python", "numpy"),
        ),
        Peer(
            "paddlex_paddle",
            WITH_PADDLE,
            "paddle",
            "f32",
            ("paddlex", "paddlepaddle", "opencv-contrib-python", "numpy"),
        ),
        *(
            Peer(
                f"paddlex_hpinfer_{short}{suffix}",
                WITH_OURS,
                engine,
                "f32",
                ("paddlex", "hpinfer", engine, "opencv-contrib-python", "numpy"),
            )
            for short, engine in (("ort", "onnxruntime"), ("openvino", "openvino"))
            for suffix in ("", "_accelerated")
        ),
        Peer("hpinfer_openvino", OURS, "openvino", "f32", ("hpinfer", "openvino", "numpy")),
        Peer("hpinfer_openvino_bf16", OURS, "openvino", "bf16", ("hpinfer", "openvino", "numpy")),
        Peer(
            "rapidocr_openvino_f32",
            "rapidocr-openvino",
            "openvino",
            "f32",
            ("rapidocr", "openvino", "opencv-python", "opencv-python-headless", "numpy"),
        ),
        Peer(
            "rapidocr_openvino_default",
            "rapidocr-openvino",
            "openvino",
            "engine default",
            ("rapidocr", "openvino", "opencv-python", "opencv-python-headless", "numpy"),
        ),
    )
}


def interpreter(peer: Peer, work: Path, ours: Path) -> Path:
    """The Python that runs `peer`: ours, or the one `prepare.py` made below `work`."""
    return ours if peer.is_ours else work / peer.environment / "bin" / "python"
