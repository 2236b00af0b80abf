"""Both ends of a transfer: a folder here, and one elsewhere. The one importer of fsspec.

Convention:
    A name is that of a file directly in the folder. Whatever an end raises is an
    :class:`~data_manifest.remote.answers.AnswerError`, whose words hold no address, or an error
    of ours that says what to install.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
import os
import threading
from concurrent.futures import wait
from pathlib import Path
from typing import Any, Final, Protocol

from data_manifest.remote.answers import (
    LOOK_S,
    AnswerError,
    Halted,
    HaltedError,
    Why,
    answer_error,
    never,
)
from shared.addresses import Address
from shared.errors import PoseGanError, UsageError, problem
from shared.regular_files import regular_file

CONNECT_S: Final = 20
READ_S: Final = 30
"""Seconds without a byte after which a transfer counts as broken."""

WEB: Final = ("http", "https")
IN_THE_EXTRA: Final = ("http", "https", "s3", "s3a")
PACKAGES: Final = {
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "sftp": "paramiko",
    "ssh": "paramiko",
    "hf": "huggingface_hub",
}
"""What opens addresses that the extra does not."""


class End(Protocol):
    """Where files are read from."""

    def read(self, name: str, start: int, stop: int | None, halted: Halted = never) -> bytes:
        """Read a part of a file, or all of it from a byte on; less than asked for at its end.

        Raises:
            AnswerError: It cannot be read.
            HaltedError: It is no longer wanted.
        """


class LocalEnd:
    """A folder on this machine.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __str__(self) -> str:
        return str(self._folder)

    def read(self, name: str, start: int, stop: int | None, halted: Halted = never) -> bytes:
        """Read a part of a file; a disk answers too soon for anyone to give up."""
        del halted
        try:
            with regular_file(self._folder / name) as stream:
                stream.seek(start)
                return stream.read() if stop is None else stream.read(stop - start)
        except FileNotFoundError as error:
            raise AnswerError("no such file", Why.ABSENT) from error
        except OSError as error:
            raise AnswerError(error.strerror or "an error", Why.LASTING) from error


class RemoteEnd:
    """A folder elsewhere, opened when it is first asked for something.

    Args:
        address: Where it lies.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._opening = threading.Lock()
        self._opened: tuple[int, Any, str] | None = None

    def __str__(self) -> str:
        return str(self.address)

    def __getstate__(self) -> dict[str, Any]:
        """Another process opens its own connections."""
        return {"address": self.address}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["address"])  # type: ignore[misc]

    @property
    def is_web(self) -> bool:
        """Whether it is served by a web server, which takes no files."""
        return self.address.scheme in WEB

    def read(self, name: str, start: int, stop: int | None, halted: Halted = never) -> bytes:
        """Read a part of a file; a server that knows no parts answers with all of it."""
        system, root = self._system()
        part = {} if start == 0 and stop is None else {"start": start, "end": stop}
        try:
            return _answer(system, self._path(root, name), part, halted)
        except (HaltedError, PoseGanError):
            raise
        except Exception as error:
            raise answer_error(error) from None

    def num_bytes(self, name: str) -> int | None:
        """Size of a file; None where there is none."""
        system, root = self._system()
        try:
            return int(system.info(self._path(root, name))["size"])
        except Exception as error:
            failed = answer_error(error)
        if failed.why is Why.ABSENT:
            return None
        raise failed

    def put(self, name: str, file: Path) -> None:
        """Copy a file of this machine there, in place of what bears the name."""
        system, root = self._system()
        try:
            if self.address.scheme not in IN_THE_EXTRA:
                system.makedirs(root, exist_ok=True)
            system.put_file(str(file), self._path(root, name))
        except Exception as error:
            raise answer_error(error) from None

    def put_bytes(self, name: str, content: bytes) -> None:
        """Write a small file there, in place of what bears the name."""
        system, root = self._system()
        try:
            if self.address.scheme not in IN_THE_EXTRA:
                system.makedirs(root, exist_ok=True)
            system.pipe_file(self._path(root, name), content)
        except Exception as error:
            raise answer_error(error) from None

    def _path(self, root: str, name: str) -> str:
        if self.is_web:
            path, mark, query = root.partition("?")
            return f"{path.partition('#')[0].rstrip('/')}/{name}{mark}{query}"
        return f"{root.rstrip('/')}/{name}"

    def _system(self) -> tuple[Any, str]:
        """The library's file system; each process opens its own."""
        with self._opening:
            if self._opened is None or self._opened[0] != os.getpid():
                self._opened = (os.getpid(), *_open(self.address))
            return self._opened[1:]


def _answer(system: Any, path: str, part: dict[str, Any], halted: Halted) -> bytes:
    """Ask for a part; what is no longer wanted is not waited for, however slow its server is.

    Of what fsspec opens, the web, S3, Google's and Azure's storage can be left while they are
    silent; the others (SFTP) answer first.
    """
    if not system.async_impl:
        return bytes(system.cat_file(path, **part))
    request = asyncio.run_coroutine_threadsafe(system._cat_file(path, **part), system.loop)
    try:
        while not wait([request], timeout=LOOK_S).done:
            if halted():
                raise HaltedError
        return bytes(request.result())
    finally:
        request.cancel()


def _open(address: Address) -> tuple[Any, str]:
    extra = "pip install 'posegan[remote]'"
    try:
        core = importlib.import_module("fsspec.core")
        options = _options(address)
        system, root = core.url_to_fs(address.secret, skip_instance_cache=True, **options)
    except ImportError:
        package = PACKAGES.get(address.scheme)
        inside = address.scheme in IN_THE_EXTRA or importlib.util.find_spec("fsspec") is None
        expected = "the extra remote" if inside else f"the library {package or 'of its scheme'}"
        remedy = extra if inside else f"pip install {package or 'what fsspec names for it'}"
        raise UsageError(problem(address, expected, "it is not installed", remedy)) from None
    except ValueError as error:
        known = "Protocol not known" not in str(error)
        found = "another one" if known else f"the scheme {address.scheme}"
        remedy = "give a folder, or an s3://, gs:// or https:// address"
        raise UsageError(problem(address, "an address that fsspec opens", found, remedy)) from None
    except Exception as error:
        found = answer_error(error).phrase
        remedy = "check the address and what its library needs"
        raise UsageError(problem(address, "an address that can be opened", found, remedy)) from None
    return system, str(root)


def _options(address: Address) -> dict[str, Any]:
    if address.scheme not in WEB:
        return {}
    logging.getLogger("fsspec.http").addFilter(_is_no_address)
    aiohttp = importlib.import_module("aiohttp")
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=READ_S)
    return {
        "client_kwargs": {"timeout": timeout, "trust_env": True},
        "headers": {"Accept-Encoding": "identity"},
    }


def _is_no_address(record: logging.LogRecord) -> bool:
    """Keep addresses with their credentials out of a library's own log."""
    return "://" not in record.getMessage()
