"""Corrupts files, and reads each corrupted one in a process of its own with an alarm.

A reader that crashes takes its process with it, and one that hangs is ended by the alarm: both
become outcomes that a test can count.
"""

from __future__ import annotations

import os
import signal
import warnings
from collections import Counter
from collections.abc import Callable

import numpy as np

ALARM_S = 10

Change = Callable[[np.random.Generator, bytearray, bytes], None]


def _flip_bits(random: np.random.Generator, data: bytearray, _: bytes) -> None:
    for place in random.integers(0, len(data), random.integers(1, 9)):
        data[place] ^= 1 << int(random.integers(8))


def _overwrite(random: np.random.Generator, data: bytearray, _: bytes) -> None:
    start = int(random.integers(len(data)))
    length = int(random.choice([1, 2, 4, 8, 64, 512, 4096]))
    data[start : start + length] = random.bytes(len(data[start : start + length]))


def _wipe(random: np.random.Generator, data: bytearray, _: bytes) -> None:
    start = int(random.integers(len(data)))
    length = int(random.choice([1, 8, 512, 4096]))
    data[start : start + length] = bytes([random.choice([0, 255])]) * len(
        data[start : start + length]
    )


def _truncate(random: np.random.Generator, data: bytearray, _: bytes) -> None:
    del data[int(random.integers(len(data))) :]


def _append(random: np.random.Generator, data: bytearray, _: bytes) -> None:
    data += random.bytes(int(random.integers(1, 5000)))


def _swap_blocks(random: np.random.Generator, data: bytearray, _: bytes) -> None:
    length = int(random.choice([8, 64, 512, 2048]))
    one, two = sorted(int(place) for place in random.integers(0, len(data), 2))
    length = min(length, len(data) - two)
    if two - one >= length:
        data[one : one + length], data[two : two + length] = (
            data[two : two + length],
            data[one : one + length],
        )


def _remove(random: np.random.Generator, data: bytearray, _: bytes) -> None:
    start = int(random.integers(len(data)))
    del data[start : start + int(random.choice([1, 8, 512]))]


def _splice(random: np.random.Generator, data: bytearray, other: bytes) -> None:
    start, end = sorted(int(place) for place in random.integers(0, len(data), 2))
    data[start:end] = other[start:end]


def _edit_description(random: np.random.Generator, data: bytearray, _: bytes) -> None:
    places = [
        data.find(mark, int(random.integers(len(data))))
        for mark in (b"OHDR", b"BTHD", b"FRHP", b"FADB", b"FAHD", b"OCHK", b"BTLF", b"\x89HDF")
    ]
    found = [place for place in places if place >= 0]
    place = int(random.choice(found)) if found else 0
    place += int(random.integers(0, 120))
    if place < len(data):
        data[place] = int(random.integers(256))


ACCIDENTS: tuple[Change, ...] = (
    _flip_bits,
    _overwrite,
    _wipe,
    _truncate,
    _append,
    _swap_blocks,
    _remove,
    _edit_description,
)
"""What disks and copies do to a file; checksums inside the file find these."""

CHANGES: tuple[Change, ...] = (*ACCIDENTS, _splice)
"""Also pieces of another shard, whole chunks with fitting checksums among them."""


def corrupted(good: bytes, other: bytes, seed: int, changes: tuple[Change, ...] = CHANGES) -> bytes:
    """Return a corrupted copy of ``good``, never equal to it; the seed decides how."""
    random = np.random.default_rng(seed)
    data = bytearray(good)
    while bytes(data) == good:
        for _ in range(int(random.integers(1, 3))):
            if data:
                changes[int(random.integers(len(changes)))](random, data, other)
    return bytes(data)


def outcomes(judge: Callable[[int], str], seeds: range) -> tuple[Counter[str], list[int]]:
    """Judge every seed in forked processes; count what came out and list the seeds of failures.

    Args:
        judge: Gives ``"refused"``, ``"same"`` or ``"silent"`` for a seed.
        seeds: What to judge.

    Returns:
        Counts of these words and of ``"crash"`` and ``"hang"``; seeds of the last three.
    """
    counts: Counter[str] = Counter()
    failed: list[int] = []
    todo = list(seeds)
    while todo:
        words, code = _judged_by_child(judge, todo)
        if len(words) < len(todo):
            words.append("hang" if code == signal.SIGALRM else f"crash ({code})")
        for seed, word in zip(todo, words, strict=False):
            counts[word] += 1
            if word not in {"refused", "same"}:
                failed.append(seed)
        todo = todo[len(words) :]
    return counts, failed


def _judged_by_child(judge: Callable[[int], str], seeds: list[int]) -> tuple[list[str], int]:
    readable, writable = os.pipe()
    with warnings.catch_warnings():
        # The child neither computes with threads nor takes their locks.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(readable)
        code = 99
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            with os.fdopen(writable, "w") as out:
                for seed in seeds:
                    signal.alarm(ALARM_S)
                    print(judge(seed), file=out, flush=True)
            code = 0
        finally:
            os._exit(code)
    os.close(writable)
    with os.fdopen(readable) as answers:
        words = answers.read().split("\n")[:-1]
    status = os.waitpid(child, 0)[1]
    return words, status & 0x7F or status >> 8
