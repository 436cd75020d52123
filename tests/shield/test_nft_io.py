"""Kernel bans on a real kernel, in network namespaces that the tests make."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rostra.ground.settings import check
from rostra.shield import nft_io
from rostra.shield.nft_io import Kernel, NftTrouble, nft

SCENES = Path(__file__).parent / "kernel_scenes.py"
Play = Callable[..., Any]


@pytest.fixture(scope="session")
def namespace() -> tuple[str, ...]:
    """The command that runs another in a network namespace of its own; skips where none is."""
    if nft_io.find_nft() is None:
        pytest.skip("nft is not installed (Debian: nftables)")
    for command in (("unshare", "-n"), ("unshare", "-rn")):
        tried = subprocess.run([*command, "true"], capture_output=True, text=True)
        if tried.returncode == 0:
            return command
    pytest.skip(f"this machine forbids network namespaces: {tried.stderr.strip()}")


@pytest.fixture
def play(namespace: tuple[str, ...], tmp_path: Path) -> Play:
    def play(scene: str, *before: str) -> Any:
        (tmp_path / "other").mkdir(exist_ok=True)
        ended = subprocess.run(
            [*namespace, *before, sys.executable, str(SCENES), scene, str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "PYTHONPATH": str(SCENES.parents[2] / "src")},
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    return play


@pytest.mark.live
def test_a_banned_source_hears_nothing_while_all_others_connect(play: Play) -> None:
    seen = play("ban")
    assert seen["before"] == {"table": None, "banned": "yes"}  # in peace nothing is there
    assert (seen["banned"], seen["banned_6"], seen["near_6"]) == ("silence",) * 3
    assert (seen["free"], seen["free_6"], seen["other_port"]) == ("yes",) * 3
    assert (seen["lifted"], seen["still_6"]) == ("yes", "silence")
    assert seen["after"] is None
    assert seen["note"].startswith("kernel bans are on: table inet rostra_")


@pytest.mark.live
def test_a_ban_ends_by_itself_in_the_kernel(play: Play) -> None:
    seen = play("expires")
    assert (seen["banned"], seen["then"]) == ("silence", "yes")
    assert seen["table"] is not None  # it was the timeout that ended it


@pytest.mark.live
def test_a_ban_becomes_longer_or_shorter(play: Play) -> None:
    seen = play("longer")
    assert seen["then"]["127.0.0.9"] > seen["first"]["127.0.0.9"]
    assert seen["then"]["127.0.0.8"] < seen["first"]["127.0.0.8"]


@pytest.mark.live
def test_clearing_removes_the_table(play: Play) -> None:
    seen = play("clear")
    assert seen["table"] is None
    assert seen["said"].startswith("no kernel bans are left")


@pytest.mark.live
def test_the_table_of_a_run_that_was_killed_is_removed_by_the_next(play: Play) -> None:
    seen = play("stale")
    assert seen == {"left": True, "remaining": ["127.0.0.8"], "after": None}


@pytest.mark.live
def test_bans_come_back_after_somebody_flushed_all_tables(play: Play) -> None:
    assert play("flushed") == {"gone": {}, "back": ["127.0.0.9"]}


@pytest.mark.live
def test_ten_thousand_sources_are_one_batch(play: Play) -> None:
    seen = play("many")
    assert seen["count"] == 11_000
    print(f"11,000 elements: {seen['took_s'] * 1000:.0f} ms with the nft process")
    # Whoever decides is not kept waiting for it.
    assert seen["asked_s"] < seen["took_s"] / 10


@pytest.mark.live
def test_without_the_right_to_it_everything_goes_on_and_says_so(play: Play) -> None:
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    without = 'ip link set lo up; exec setpriv --bounding-set -net_admin "$@"'
    seen = play("powerless", "sh", "-c", without, "sh")
    assert seen == {
        "note": "kernel bans are off: this process has no CAP_NET_ADMIN; "
        "edges drop in-process instead",
        "drops": 0,
    }


async def test_without_nft_everything_goes_on_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nft_io, "find_nft", lambda: None)
    kernel = Kernel(tmp_path, (8080,))
    await kernel.start()
    kernel.set({b"\x7f\0\0\x09": 2**50})
    await kernel.close()
    assert not kernel.on
    assert kernel.note.startswith("kernel bans are off: nft is not installed")
    assert (await nft_io.remove_table(tmp_path)).startswith("there are no kernel bans")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("serve.proxies", "10.0.0.5", "kernel bans are off: proxies stand in front"),
        ("shield.kernel", "off", "kernel bans are off: shield.kernel is off"),
    ],
)
async def test_where_bans_are_not_wanted_no_process_is_ever_started(
    name: str, value: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nft_io, "find_nft", lambda: pytest.fail("nft was looked for"))
    settings, problems = check({name: value})
    assert not problems
    kernel = nft_io.kernel_of(settings, tmp_path)
    await kernel.start()
    kernel.set({b"\x7f\0\0\x09": 2**50})
    await kernel.close()
    assert kernel.note.startswith(says)


def _program(folder: Path, text: str) -> str:
    path = folder / "nft"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


async def test_what_nft_complains_of_is_said_shortly(tmp_path: Path) -> None:
    with pytest.raises(NftTrouble, match=r"^no such table$"):
        await nft(_program(tmp_path, "echo no such  table >&2; exit 1"))
    with pytest.raises(NftTrouble, match="exit code 3"):
        await nft(_program(tmp_path, "exit 3"))
    with pytest.raises(NftTrouble, match="No such file"):
        await nft(str(tmp_path / "none"))
    long = _program(tmp_path, "yes | head -c 5000 >&2; exit 1")
    with pytest.raises(NftTrouble) as caught:
        await nft(long)
    assert len(str(caught.value)) == 300


async def test_an_nft_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nft_io, "_PATIENCE_S", 0.1)
    with pytest.raises(NftTrouble, match="no answer"):
        await nft(_program(tmp_path, "exec sleep 600"))


async def test_a_kernel_that_refuses_is_found_out_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = _program(tmp_path, "echo Operation not supported >&2; exit 1")
    monkeypatch.setattr(nft_io, "find_nft", lambda: command)
    monkeypatch.setattr(nft_io, "may_ban", lambda: True)
    kernel = Kernel(tmp_path, (8080,))
    await kernel.start()
    assert not kernel.on
    assert "Operation not supported" in kernel.note
    await kernel.close()
