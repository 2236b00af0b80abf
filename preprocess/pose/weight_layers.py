"""What a file of pose weights may consist of: layers, bounds of their attributes, notes."""

from __future__ import annotations

from typing import Final

LARGEST: Final = {
    "kernel_size": 32,
    "stride": 32,
    "padding": 32,
    "output_padding": 32,
    "_reversed_padding_repeated_twice": 32,
    "dilation": 32,
    "scale_factor": 4,
    "size": 0,
    "reg_max": 64,
    "nc": 10_000,
    "nk": 10_000,
    "n": 100,
}
"""Attributes by which a layer without large weights could still take much memory or time."""

_TORCH: Final = {
    "activation": ("SiLU", "Tanh", "ReLU", "LeakyReLU", "Sigmoid"),
    "batchnorm": ("BatchNorm2d",),
    "container": ("ModuleList", "Sequential"),
    "conv": ("Conv2d", "ConvTranspose2d"),
    "linear": ("Identity", "Linear"),
    "pooling": ("MaxPool2d",),
    "upsampling": ("Upsample",),
}
_ULTRALYTICS: Final = {
    "nn.modules.block": (
        "Attention", "Bottleneck", "C2", "C2PSA", "C2f", "C3", "C3k", "C3k2", "DFL", "PSABlock",
        "Proto", "RealNVP", "SPPF",
    ),
    "nn.modules.conv": ("Concat", "Conv", "DWConv"),
    "nn.modules.head": ("Pose", "Pose26"),
    "nn.tasks": ("PoseModel",),
}  # fmt: skip
LAYERS: Final = frozenset(
    [f"torch.nn.modules.{home}.{name}" for home, names in _TORCH.items() for name in names]
    + [f"ultralytics.{home}.{name}" for home, names in _ULTRALYTICS.items() for name in names]
)
"""Every class that YOLOv8, YOLO11 and YOLO26 pose networks consist of."""

NOTES: Final = frozenset(
    {
        "_codecs.encode",
        "argparse.Namespace",
        "datetime.datetime",
        "numpy._core.multiarray.scalar",
        "numpy.core.multiarray.scalar",
        "numpy.dtype",
        "pathlib.Path",
        "pathlib.PosixPath",
        "pathlib.WindowsPath",
        "torch.Size",
        "torch.device",
        "types.SimpleNamespace",
        "ultralytics.utils.IterableSimpleNamespace",
        "ultralytics.yolo.utils.IterableSimpleNamespace",
    }
)
"""What stands in such files beside the network: settings and figures of its training."""

ITEM_BYTES: Final = {
    "BFloat16": 2, "Bool": 1, "Byte": 1, "Char": 1, "Double": 8, "Float": 4, "Half": 2, "Int": 4,
    "Long": 8, "Short": 2,
}  # fmt: skip
