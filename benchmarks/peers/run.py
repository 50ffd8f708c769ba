"""Time OCR end to end, our pipeline beside its peers, interleaved on the same images."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from machine import facts
from registry import HERE, PEERS, Peer, interpreter
from report import Samples, page, readable


class WorkerDiedError(RuntimeError):
    """A peer's process ended instead of answering."""


class Worker:
    """A running `worker.py`; one question at a time."""

    ready: dict[str, Any]

    def __init__(self, peer: Peer, arguments: argparse.Namespace, log: Path) -> None:
        python = interpreter(peer, arguments.work, arguments.python)
        command = [str(python), str(HERE / "worker.py"), peer.name]
        models = (arguments.work / "models").resolve()
        options = ["--models", str(models), "--generation", arguments.generation]
        options += ["--threads", str(arguments.threads)]
        self.peer = peer
        self.log = log
        with log.open("w") as stream:
            self._process = subprocess.Popen(
                [*command, *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                text=True,
                encoding="utf-8",
            )
        self.ready = self._read()

    def ask(self, image: Path) -> dict[str, Any]:
        """Send one path, return the answer."""
        return self._ask(str(image))

    def ask_stream(self, images: list[Path]) -> dict[str, Any]:
        """Send all paths for one call, return the answer."""
        return self._ask(json.dumps([str(image) for image in images]))

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            tail = self.log.read_text(errors="replace").strip().splitlines()[-5:]
            message = f"{self.peer.name} ended (status {self._process.wait()}): {' | '.join(tail)}"
            raise WorkerDiedError(message)
        answer: dict[str, Any] = json.loads(line)
        return answer


def measure(
    workers: list[Worker], images: list[Path], *, rounds: int, warmup: int, pause: float
) -> Samples:
    """Ask every worker about every image, round by round; the first asked changes every round."""
    samples: Samples = {
        worker.peer.name: {image.name: [] for image in images} for worker in workers
    }
    for number in range(warmup + rounds):
        start = number % len(workers)
        for image in images:
            for worker in workers[start:] + workers[:start]:
                time.sleep(pause)
                reply = worker.ask(image)
                if number >= warmup:
                    samples[worker.peer.name][image.name].append(reply)
        print(f"round {number + 1} of {warmup + rounds}", file=sys.stderr, flush=True)
    return samples


def measure_streams(
    workers: list[Worker], samples: Samples, images: list[Path], *, rounds: int, pause: float
) -> dict[str, list[dict[str, Any]]]:
    """All pages that every peer can read in one call each, peer by peer in turn."""
    names = set(readable(samples))
    usable = [image for image in images if image.name in names]
    streams: dict[str, list[dict[str, Any]]] = {worker.peer.name: [] for worker in workers}
    for number in range(rounds):
        start = number % len(workers)
        for worker in workers[start:] + workers[:start]:
            time.sleep(pause)
            streams[worker.peer.name].append(worker.ask_stream(usable))
    return streams


def cold_starts(arguments: argparse.Namespace, image: Path, logs: Path) -> dict[str, list[float]]:
    """Seconds from starting a process to the texts of its first page, peers in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in arguments.peers}
    for number in range(arguments.cold_starts):
        start = number % len(arguments.peers)
        for name in arguments.peers[start:] + arguments.peers[:start]:
            begin = time.perf_counter()
            worker = Worker(PEERS[name], arguments, logs / f"{name}.log")
            reply = worker.ask(image)
            seconds[name].append(time.perf_counter() - begin)
            worker.close()
            if "error" in reply:
                raise WorkerDiedError(f"{name}: first page: {reply['error']}")
    return seconds


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Start the workers, measure, and return everything as one document."""
    machine = facts()
    images = [path.resolve() for path in arguments.images]
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cold = cold_starts(arguments, images[0], logs)
        workers = []
        for name in arguments.peers:
            worker = Worker(PEERS[name], arguments, logs / f"{name}.log")
            stack.callback(worker.close)
            workers.append(worker)
        samples = measure(
            workers,
            images,
            rounds=arguments.rounds,
            warmup=arguments.warmup,
            pause=arguments.pause,
        )
        streams = measure_streams(
            workers, samples, images, rounds=arguments.streams, pause=arguments.pause
        )
        ready = {worker.peer.name: worker.ready for worker in workers}
    return {
        "when": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine,
        "settings": {
            name: getattr(arguments, name)
            for name in ("generation", "threads", "rounds", "warmup", "pause")
        },
        "peers": ready,
        "samples": samples,
        "streams": streams,
        "cold_starts": cold,
    }


def write_text(path: Path, text: str) -> None:
    """Write `text` beside `path` and rename it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as out:
        out.write(text)
    Path(out.name).chmod(0o644)
    Path(out.name).replace(path)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path, nargs="+", help="image files")
    parser.add_argument("--work", type=Path, required=True, help="directory of prepare.py")
    parser.add_argument("--peers", nargs="+", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="for hpinfer")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--generation", choices=["v4", "v6"], default="v4", help="of the networks")
    parser.add_argument("--streams", type=int, default=1, help="calls with all images at the end")
    parser.add_argument("--cold-starts", type=int, default=3, help="processes a peer, before")
    parser.add_argument("--warmup", type=int, default=1, help="untimed rounds")
    # Longer than idle threads of any peer spin on: 0.2 s with Paddle's OpenMP.
    parser.add_argument("--pause", type=float, default=0.3, help="seconds before every call")
    parser.add_argument("--json", type=Path, help="write every sample here")
    parser.add_argument("--markdown", type=Path, help="write the report here")
    parsed = parser.parse_args(arguments)
    missing = [str(path) for path in parsed.images if not path.is_file()]
    if missing:
        parser.error(f"not image files: {', '.join(missing)}")
    if min(parsed.streams, parsed.cold_starts) < 0:
        parser.error("expected --streams and --cold-starts of at least 0")
    if parsed.rounds < 1 or not 1 <= parsed.threads <= len(os.sched_getaffinity(0)):
        parser.error("expected at least 1 round, and threads from 1 to the usable cores")
    return parsed


def prepare_if_missing(arguments: argparse.Namespace) -> None:
    """Make the environments and model folders, unless all that are needed are there."""
    pythons = [
        interpreter(PEERS[name], arguments.work, arguments.python) for name in arguments.peers
    ]
    if (arguments.work / "models").is_dir() and all(python.exists() for python in pythons):
        return
    command = [str(arguments.python), str(HERE / "prepare.py"), str(arguments.work)]
    subprocess.run(command, check=True)


def main() -> int:
    """Command line entry; exit status 1 when a peer's process dies."""
    arguments = parse()
    prepare_if_missing(arguments)
    try:
        document = run(arguments)
    except WorkerDiedError as error:
        print(f"run: {error}", file=sys.stderr)
        return 1
    text = page(document)
    print(text)
    if arguments.json:
        write_text(arguments.json, json.dumps(document, ensure_ascii=False, indent=1))
    if arguments.markdown:
        write_text(arguments.markdown, text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
