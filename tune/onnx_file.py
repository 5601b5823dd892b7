"""Write a trained network as ONNX, which runtimes of many languages read.

Needs the extra ``onnx``. A file takes its name only after onnxruntime has answered from it as the
network does. B batch.
"""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tune.errors import UserError

EXTRA = ("onnx", "onnxscript", "onnxruntime")
TOLERANCE = 1e-4  # relative and absolute; the runtime adds in another order than torch
TRACED_ROWS = 2  # a single row would be taken for a fixed size


class Folded(nn.Module):
    """A network whose keywords are constants and whose outputs have an order."""

    def __init__(self, network: nn.Module, keywords: Mapping[str, Any]) -> None:
        """Take a network and the keywords of its ``forward``."""
        super().__init__()
        self.network = network
        self.keywords = dict(keywords)

    def outputs(self, inputs: Tensor) -> dict[str, Tensor]:
        """Answer by name; a network with a single output calls it ``output``."""
        answer = self.network(inputs, **self.keywords)
        return answer if isinstance(answer, dict) else {"output": answer}

    def forward(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Answer in the order of ``outputs``."""
        return tuple(self.outputs(inputs).values())


def check_installed() -> None:
    """Check that the extra is there.

    Raises:
        UserError: If it is not; names what is missing and how to get it.
    """
    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        raise UserError(
            f"--format onnx needs {', '.join(EXTRA)}, but there is no {' and no '.join(missing)}; "
            "pip install 'soundsweep[onnx]'"
        )


def export(
    network: nn.Module,
    keywords: Mapping[str, Any],
    inputs: Tensor,
    path: Path,
    metadata: Mapping[str, str],
) -> float:
    """Write a network and check that the written file answers as the network does.

    Args:
        network: On the CPU, with the weights to write.
        keywords: Those of its ``forward``; they become constants of the file.
        inputs: Rows to compare the answers on. Shape ``[B, ...]``; B is free in the file, the
            other sizes are not. Numbers with a fraction are float32 there.
        path: Where to write. An existing file is replaced once the new one has proved right.
        metadata: Texts for the file's ``metadata_props``.

    Returns:
        The largest difference of any output.

    Raises:
        UserError: If the network cannot be written, or the file answers otherwise. No file is
            left then.
    """
    folded = Folded(network, keywords).eval()
    inputs = inputs.float() if inputs.is_floating_point() else inputs
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    content = _convert(folded, inputs[torch.arange(TRACED_ROWS) % len(inputs)], metadata)
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        error = max(_difference(partial, folded, rows) for rows in (inputs, inputs[:1]))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return error


@torch.no_grad()
def _convert(folded: Folded, example: Tensor, metadata: Mapping[str, str]) -> bytes:
    """Trace a network and return the content of its file."""
    names = list(folded.outputs(example))
    try:
        with _muted():
            program = torch.onnx.export(
                folded,
                (example,),
                input_names=["inputs"],
                output_names=names,
                dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        cause = str(error.__cause__ or error).strip().partition("\n")[0]
        name = type(folded.network).__name__
        raise UserError(f"ONNX export needs a network of ONNX's, got {name} ({cause})") from error
    assert program is not None  # since the exporter is not the one of TorchScript
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()  # the lines of code it stems from, with paths of this machine
    program.model.metadata_props.update(metadata)
    content: bytes = program.model_proto.SerializeToString()
    return content


@contextmanager
def _muted() -> Iterator[None]:
    """Keep torch from telling what it misses and what in it will change."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


@torch.no_grad()
def _difference(path: Path, folded: Folded, inputs: Tensor) -> float:
    """Return the largest difference of a file's answers, if within tolerance."""
    import onnxruntime  # here, since it is an extra

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    answers = session.run(None, {"inputs": inputs.numpy()})
    differences = []
    for (name, expected), answer in zip(folded.outputs(inputs).items(), answers, strict=True):
        found = torch.from_numpy(answer)
        difference = float((found - expected).abs().max())
        if not torch.allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE):  # NaN is not close
            raise UserError(
                f"ONNX export needs outputs within {TOLERANCE} of the network's, got {name} off "
                f"by {difference:.3g}"
            )
        differences.append(difference)
    return max(differences)
