from __future__ import annotations

import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostra.stage.recorder import (
    offset_of,
    safe_name,
    samples_in,
    to_finish,
    wav_header,
    wav_name,
)


def test_the_header_is_read_by_others() -> None:
    body = wav_header(480) + bytes(960)
    with wave.open(io.BytesIO(body)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (48000, 1, 2)
        assert file.getnframes() == 480


def test_sizes_beyond_32_bits_are_the_largest() -> None:
    header = wav_header(3_000_000_000)
    assert header[4:8] == header[40:44] == b"\xff\xff\xff\xff"


def test_samples_stand_where_their_time_says() -> None:
    assert offset_of(0) == 44
    assert samples_in(offset_of(960)) == 960
    assert samples_in(offset_of(960) + 1) == 960
    assert samples_in(0) == 0


def test_the_programme_is_finished_last_and_stems_bear_names() -> None:
    files = ["programme.wav", "stem-aa.wav", "stem-bb.wav", "stem-cc.wav", "names.json"]
    plan = to_finish(files, {"aa": "Ada Lovelace", "bb": "Ada Lovelace", "cc": "Žižek / ../x"})
    assert [step.target for step in plan] == [
        "stem-ada-lovelace.flac",
        "stem-ada-lovelace-bb.flac",
        "stem-zizek-x.flac",
        "programme.flac",
    ]
    assert wav_name("programme") == "programme.wav"
    assert wav_name("aa") == "stem-aa.wav"


@pytest.mark.parametrize("name", ["", "...", "日本", "///"])
def test_a_name_without_letters_still_gives_a_file(name: str) -> None:
    assert safe_name(name) == "speaker"


@given(st.text(), st.text(alphabet="0123456789abcdef", min_size=8, max_size=8))
def test_file_names_are_safe_whatever_the_speaker_is_called(name: str, seat_id: str) -> None:
    (step,) = to_finish([f"stem-{seat_id}.wav"], {seat_id: name})
    assert set(step.target) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert ".." not in step.target
    assert len(step.target) < 80
