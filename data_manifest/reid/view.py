"""What one tool sees of a folder: counts, findings with names, queries that find nobody.

Convention:
    A finding *breaks* a tool where the tool stops at it; else the tool goes on without a word,
    with other images or people than were meant. Of the names of a finding the first in the order
    of the alphabet are kept, so that memory is bounded and the order of reading is no matter.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from data_manifest.reid.tools import DISTRACTOR, NOBODY, Verdict

MAX_NAMES: Final = 1_000
ALONE: Final = "a query whose person no other camera of the gallery shows is not scored"


@dataclass
class Finding:
    """A rule that is broken.

    Args:
        part: Where: ``"train"``, ``"query"``, ``"gallery"`` or the name of a list.
        what: In words.
        breaks: Whether the tool stops at it.
        count: How often.
        names: The first names.
    """

    part: str
    what: str
    breaks: bool
    count: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        """Count a file."""
        self.count += 1
        if len(self.names) < MAX_NAMES or name < self.names[-1]:
            bisect.insort(self.names, name)
            del self.names[MAX_NAMES:]

    @property
    def kind(self) -> tuple[str, str, bool, int, tuple[str, ...]]:
        """What tells it from others; equal for tools that are broken alike."""
        return self.part, self.what, self.breaks, self.count, tuple(self.names)


@dataclass
class Part:
    """What a tool sees in one folder or list."""

    images: int = 0
    distractors: int = 0
    unused: int = 0
    identities: set[int | str] = field(default_factory=set)
    cameras: set[int] = field(default_factory=set)

    @property
    def counts(self) -> dict[str, int]:
        """The figures by name."""
        return {
            "images": self.images,
            "identities": len(self.identities),
            "cameras": len(self.cameras),
            "distractors": self.distractors,
            "not used": self.unused,
        }


class View:
    """What one tool sees of a whole folder.

    Args:
        tool: Its name.
    """

    def __init__(self, tool: str) -> None:
        self.tool = tool
        self.parts: dict[str, Part] = {}
        self._findings: dict[tuple[str, str], Finding] = {}
        self._queries: list[tuple[str, int | str, int]] = []
        self._seen_by: dict[int | str, set[int]] = {}

    def part(self, name: str) -> Part:
        """The figures of a part."""
        return self.parts.setdefault(name, Part())

    def add(self, part: str, name: str, verdict: Verdict) -> None:
        """Count a file by what the tool makes of it."""
        counted = self.part(part)
        if verdict.fault:
            self.find(part, verdict.fault, name, breaks=verdict.breaks)
        if verdict.identity is None:
            counted.unused += 1
            return
        counted.images += 1
        if verdict.identity == DISTRACTOR:
            counted.distractors += 1
        else:
            counted.identities.add(verdict.identity)
        if verdict.camera:
            counted.cameras.add(verdict.camera)
        if part == "query":
            self._queries.append((name, verdict.identity, verdict.camera))
        elif part == "gallery":
            self._seen_by.setdefault(verdict.identity, set()).add(verdict.camera)

    def find(self, part: str, what: str, name: str = "", *, breaks: bool) -> None:
        """Note a broken rule, at a file where it is one file's."""
        finding = self._findings.setdefault((part, what), Finding(part, what, breaks))
        if name:
            finding.add(name)
        else:
            finding.count += 1

    def compare_queries(self) -> None:
        """Find the queries that the evaluation cannot score; the gallery is read."""
        for name, identity, camera in self._queries:
            if identity == DISTRACTOR:
                self.find("query", NOBODY, name, breaks=False)
            elif not self._seen_by.get(identity, set()) - {camera}:
                self.find("query", ALONE, name, breaks=False)

    @property
    def findings(self) -> list[Finding]:
        """The broken rules, by part and words."""
        return [self._findings[key] for key in sorted(self._findings)]

    def as_plain(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "parts": {name: part.counts for name, part in self.parts.items()},
            "findings": [
                {"part": f.part, "what": f.what, "breaks": f.breaks, "count": f.count,
                 "names": f.names}
                for f in self.findings
            ],
        }  # fmt: skip


def shared_findings(views: list[View]) -> Iterator[tuple[list[str], Finding]]:
    """Yield each finding once, with all the tools that it is true of."""
    grouped: dict[Any, tuple[list[str], Finding]] = {}
    for view in views:
        for finding in view.findings:
            grouped.setdefault(finding.kind, ([], finding))[0].append(view.tool)
    yield from grouped.values()
