"""A bundle travels as an archive; whatever else comes in an archive is refused before it touches the disk."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ostwald.bundle import (
    CONTENT_NAMES,
    MAX_ARCHIVE_BYTES,
    MAX_BYTES,
    BundleError,
    digest,
    pack_archive,
    read_manifest,
    unpack_archive,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def _tar(entries: Sequence[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for entry, body in entries:
            archive.addfile(entry, io.BytesIO(body))
    return buffer.getvalue()


def _file(name: str, body: bytes = b"x") -> tuple[tarfile.TarInfo, bytes]:
    entry = tarfile.TarInfo(name)
    entry.size = len(body)
    return entry, body


COMPLETE = [_file(name) for name in CONTENT_NAMES]


def test_a_bundle_comes_out_of_its_archive_unchanged(bundle: Path, tmp_path: Path) -> None:
    unpack_archive(pack_archive(bundle), tmp_path / "out")
    assert digest(tmp_path / "out") == digest(bundle)
    assert read_manifest(tmp_path / "out") == read_manifest(bundle)


def test_an_archive_may_be_given_as_a_file(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(pack_archive(bundle))
    unpack_archive(tmp_path / "a.tar", tmp_path / "out")
    assert digest(tmp_path / "out") == digest(bundle)


def test_equal_folders_give_equal_archives(bundle: Path, tmp_path: Path) -> None:
    unpack_archive(pack_archive(bundle), tmp_path / "copy")
    assert pack_archive(tmp_path / "copy") == pack_archive(bundle)


def test_the_digest_leaves_the_signature_out(bundle: Path) -> None:
    before = digest(bundle)
    (bundle / "signature.sigstore.json").write_text("{}")
    assert digest(bundle) == before


@pytest.mark.parametrize("name", CONTENT_NAMES)
def test_the_digest_changes_with_every_file(bundle: Path, name: str) -> None:
    before = digest(bundle)
    (bundle / name).write_bytes((bundle / name).read_bytes() + b"!")
    assert digest(bundle) != before


@pytest.mark.parametrize("name", CONTENT_NAMES)
def test_a_folder_without_one_of_its_files_is_no_bundle(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    with pytest.raises(BundleError, match=f"{name} is missing"):
        pack_archive(bundle)


def test_a_folder_with_another_file_is_no_bundle(bundle: Path) -> None:
    (bundle / "run.sh").write_text("#!/bin/sh")
    with pytest.raises(BundleError, match=r"run\.sh: not a file of a bundle"):
        digest(bundle)


def test_a_link_in_a_folder_is_refused(bundle: Path) -> None:
    (bundle / "recipe.toml").unlink()
    (bundle / "recipe.toml").symlink_to(bundle / "dataset.csv")
    with pytest.raises(BundleError, match=r"recipe\.toml: not a plain file"):
        digest(bundle)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no such bundle folder"):
        digest(tmp_path / "nowhere")


def _link(kind: bytes) -> tuple[tarfile.TarInfo, bytes]:
    entry = tarfile.TarInfo("recipe.toml")
    entry.type = kind
    entry.linkname = "/etc/passwd"
    return entry, b""


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([*COMPLETE, _file("../evil")], "'../evil': not a file of a bundle"),
        ([*COMPLETE, _file("/etc/cron.d/evil")], "not a file of a bundle"),
        ([*COMPLETE, _file("./model.onnx")], "not a file of a bundle"),
        ([*COMPLETE, _file("model.onnx")], "'model.onnx': stands twice"),
        ([_link(tarfile.SYMTYPE)], "not a plain file"),
        ([_link(tarfile.LNKTYPE)], "not a plain file"),
        ([_link(tarfile.FIFOTYPE)], "not a plain file"),
        ([_link(tarfile.DIRTYPE)], "not a"),
        ([*COMPLETE[1:]], "dataset.csv is missing"),
        ([], "is missing"),
        ([_file("recipe.toml", b"x" * (MAX_BYTES["recipe.toml"] + 1))], "recipe.toml: 65537 bytes"),
    ],
)
def test_a_foreign_entry_is_refused_and_nothing_is_written(
    tmp_path: Path, entries: list[tuple[tarfile.TarInfo, bytes]], told: str
) -> None:
    with pytest.raises(BundleError) as refusal:
        unpack_archive(_tar(entries), tmp_path / "out")
    assert told in str(refusal.value)
    assert not (tmp_path / "out").exists()


def test_a_compressed_archive_is_refused(bundle: Path, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(bundle, arcname=".")
    with pytest.raises(BundleError, match="not a readable tar"):
        unpack_archive(buffer.getvalue(), tmp_path / "out")


def test_an_archive_cut_off_in_a_file_is_refused(bundle: Path, tmp_path: Path) -> None:
    (bundle / "report.html").write_bytes(b"r" * 5000)
    cut = pack_archive(bundle)[:-12000]
    with pytest.raises(BundleError):
        unpack_archive(cut, tmp_path / "out")


def test_an_archive_above_the_limit_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "big.tar").open("wb") as file:
        file.truncate(MAX_ARCHIVE_BYTES + 1)
    with pytest.raises(BundleError, match="more than"):
        unpack_archive(tmp_path / "big.tar", tmp_path / "out")


def test_a_folder_in_use_is_not_written_into(bundle: Path) -> None:
    with pytest.raises(BundleError, match="not empty"):
        unpack_archive(pack_archive(bundle), bundle)


@given(position=st.integers(0, 10239), value=st.integers(0, 255))
def test_a_damaged_archive_is_refused_or_still_a_bundle(
    tmp_path_factory: pytest.TempPathFactory, position: int, value: int
) -> None:
    damaged = bytearray(_tar(COMPLETE))
    damaged[position] = value
    out = tmp_path_factory.mktemp("damaged") / "out"
    try:
        unpack_archive(bytes(damaged), out)
    except BundleError:
        assert not out.exists()
    else:
        assert sorted(path.name for path in out.iterdir()) == list(CONTENT_NAMES)
