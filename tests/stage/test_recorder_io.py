from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from rostra.stage import recorder_io
from rostra.stage.recorder import PROGRAMME
from rostra.stage.recorder_io import Recorder, finish_folder, recording_dir

SECONDS_LOST_AT_MOST = 2

# Records a ramp as the stage would, 20 ms each 20 ms, and says how far it came.
RECORDING = """
import sys, time
import numpy as np
from pathlib import Path
from rostra.stage.recorder_io import Recorder
recorder = Recorder(Path(sys.argv[1]))
recorder.name_seats("e", {"aa": "Ada"})
start = time.monotonic()
for n in range(100000):
    time.sleep(max(0, start + n * 0.02 - time.monotonic()))
    pcm = ((np.arange(960) + n * 960) % 30000).astype("<i2").tobytes()
    recorder.write("e", n * 960, {"programme": pcm, "aa": pcm} if n % 2 else {"programme": pcm})
    print(n, flush=True)
"""


def ramp(number: int) -> bytes:
    return ((np.arange(960) + number * 960) % 30000).astype("<i2").tobytes()


def decoded(path: Path) -> NDArray[np.int16]:
    with av.open(str(path)) as container:
        frames = [
            np.frombuffer(bytes(frame.planes[0])[: 2 * frame.samples], "<i2")
            for frame in container.decode(audio=0)
        ]
    return np.concatenate(frames)


async def recorded(tmp_path: Path, ticks: int = 100) -> tuple[Recorder, Path]:
    recorder = Recorder(tmp_path)
    recorder.name_seats("e", {"aa": "Ada"})
    for n in range(ticks):
        sounds = {PROGRAMME: ramp(n), "aa": ramp(n)} if 20 <= n < 30 else {PROGRAMME: ramp(n)}
        recorder.write("e", n * 960, sounds)
    return recorder, recording_dir(tmp_path, "e")


async def finished(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    await recorder.finish("e")
    await recorder.close()


async def test_a_finished_recording_is_flac_of_one_length_with_every_sample(
    tmp_path: Path,
) -> None:
    recorder, folder = await recorded(tmp_path)
    files = await recorder.finish("e")
    await recorder.close()
    assert files == ["manifest.json", "stem-ada.flac", "programme.flac"]
    programme, stem = decoded(folder / "programme.flac"), decoded(folder / "stem-ada.flac")
    assert programme.tobytes() == b"".join(ramp(n) for n in range(100))
    assert len(stem) == len(programme)
    assert stem[20 * 960 : 30 * 960].tobytes() == b"".join(ramp(n) for n in range(20, 30))
    assert not stem[: 20 * 960].any() and not stem[30 * 960 :].any()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["samples"] == 96000
    assert [line["name"] for line in manifest["files"]] == ["Ada", "Programme"]
    assert not list(folder.glob("*.wav")) and not list(folder.glob("*.part"))


async def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    recorder, folder = await recorded(tmp_path)
    await recorder.finish("e")
    await recorder.close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


async def test_a_stage_that_was_restarted_goes_on_in_the_same_files(tmp_path: Path) -> None:
    first, folder = await recorded(tmp_path, 50)
    await first.close()
    second = Recorder(tmp_path)
    second.write("e", 80 * 960, {PROGRAMME: ramp(80)})
    await second.finish("e")
    await second.close()
    programme = decoded(folder / "programme.flac")
    assert len(programme) == 81 * 960
    assert programme[: 50 * 960].tobytes() == b"".join(ramp(n) for n in range(50))
    assert not programme[50 * 960 : 80 * 960].any()
    assert programme[80 * 960 :].tobytes() == ramp(80)


async def test_finishing_twice_or_nothing_does_nothing(tmp_path: Path) -> None:
    recorder, _ = await recorded(tmp_path)
    assert await recorder.finish("e") != []
    assert await recorder.finish("e") == []
    assert await recorder.finish("never") == []
    await recorder.close()


async def test_a_wav_whose_flac_is_wrong_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder, folder = await recorded(tmp_path)
    await recorder.close()
    whole = recorder_io._verify

    def doubting(flac: Path, wav: Path, samples: int) -> None:
        whole(flac, wav, samples + 1)

    monkeypatch.setattr(recorder_io, "_verify", doubting)
    with pytest.raises(OSError, match="is kept"):
        finish_folder(folder, "e")
    assert {path.name for path in folder.glob("*.wav")} == {"programme.wav", "stem-aa.wav"}
    monkeypatch.undo()
    assert "programme.flac" in finish_folder(folder, "e")


async def test_a_disk_that_fails_is_counted_and_the_thread_lives(tmp_path: Path) -> None:
    (tmp_path / "events").write_text("in the way")
    recorder, _ = await recorded(tmp_path, 5)
    await recorder.close()
    assert recorder.dropped_ticks > 0


def test_after_kill_9_what_was_recorded_is_finished_and_misses_little(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", RECORDING, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    last = 0
    for line in process.stdout:
        last = int(line)
        if last >= 150:
            os.kill(process.pid, signal.SIGKILL)
            break
    rest = process.stdout.read().split()
    process.stdout.close()
    process.wait()
    last = int(rest[-1]) if rest else last
    asyncio.run(finished(tmp_path))
    folder = recording_dir(tmp_path, "e")
    programme = decoded(folder / "programme.flac")
    missing = (last + 1) * 960 - len(programme)
    assert missing <= SECONDS_LOST_AT_MOST * 48000
    assert programme.tobytes() == b"".join(ramp(n) for n in range(len(programme) // 960))
    for name in ("programme.flac", "stem-ada.flac"):
        shown = ["-show_entries", "stream=codec_name,sample_rate,channels", "-of", "json"]
        command = ["ffprobe", "-v", "error", *shown, str(folder / name)]
        probe = subprocess.run(command, capture_output=True, check=True)
        (stream,) = json.loads(probe.stdout)["streams"]
        assert (stream["codec_name"], stream["sample_rate"]) == ("flac", "48000")
        assert stream["channels"] == 1


async def test_what_is_discarded_is_gone_and_the_next_event_is_recorded(tmp_path: Path) -> None:
    recorder, folder = await recorded(tmp_path)
    await recorder.discard("e")
    assert not folder.exists()
    assert await recorder.finish("e") == []
    recorder.write("next", 0, {PROGRAMME: ramp(0)})
    await recorder.close()
    assert recording_dir(tmp_path, "next").is_dir()
