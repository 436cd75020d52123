from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.delivery.playing import (
    BODY,
    LIVE,
    PART,
    START_MS,
    event,
    media,
    offered,
    playing,
    playlist,
    seat,
)

from rostra.delivery.catalogue import Catalogue
from rostra.delivery.prepared import Document
from rostra.delivery.refused import EVENT_UNKNOWN, NOT_FOUND, TARGET_INVALID
from rostra.delivery.site import PageFile
from rostra.delivery.stored import StoredDocuments
from rostra.delivery.targets import read_target
from rostra.delivery.window import Answer, Stored, Wait
from rostra.ground.facts import (
    AudienceCounted,
    Event,
    EventChanged,
    Phase,
    RehearsalSet,
    ReplaySealed,
    SeatsChanged,
)
from rostra.ground.refusals import Refusal


class Asked:
    """A catalogue with a clock."""

    def __init__(self, files: dict[str, PageFile] | None = None) -> None:
        self.calendars = 0
        self.now = 0.0
        self.catalogue = Catalogue(
            files or {}, "http://listen.test/", self.calendar, StoredDocuments(1000)
        )
        for fact in (EventChanged(event=event()), media(), playlist(17, 3)):
            self.catalogue.handle(fact, 0, START_MS)

    def calendar(self, told: Event, page_url: str) -> bytes:
        self.calendars += 1
        return f"{told.title} {page_url}".encode()

    def find(self, target: str, gzip: bool = False) -> Answer:
        wall_ms = START_MS + int(self.now * 1000)
        read = read_target(target.encode())
        if isinstance(read, Refusal):
            return read
        return self.catalogue.find(target.encode(), read, gzip, self.now, wall_ms)

    def document(self, target: str, gzip: bool = False) -> Document:
        found = self.find(target, gzip)
        assert isinstance(found, Document), found
        return found

    def state(self) -> dict[str, object]:
        decoded: dict[str, object] = msgspec.json.decode(self.document("/e/abc/state.json").body)
        return decoded

    def second_passes(self) -> None:
        self.now += 1
        self.catalogue.second_passed(self.now)


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("/", "page"), ("/healthz", "page"), ("/e/abc", "page"), ("/e/abc/", "page"),
        ("/e/abc/calendar.ics", "page"), ("/e/abc/state.json", "state"),
        (f"/e/abc/{LIVE}", "playlist"), (f"/e/abc/{PART}", "media"),
        (f"/e/abc/{PART}?cache=busted", "media"), (f"http://other.test/e/abc/{PART}", "media"),
    ],
)  # fmt: skip
def test_every_address_of_the_contract_is_answered(target: str, kind: str) -> None:
    assert Asked().document(target).kind == kind


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("/favicon.ico", NOT_FOUND), ("/e/", NOT_FOUND), ("/e/xyz", EVENT_UNKNOWN),
        ("/e/xyz/media/aac/s4/1.m4s", EVENT_UNKNOWN), ("/e/abc/else", NOT_FOUND),
        ("/e/abc/live/9/aac.m3u8", NOT_FOUND), ("/e/../x", TARGET_INVALID),
        ("/e/abc/media/aac/s4/1.m4s", Stored("abc", "media/aac/s4/1.m4s")),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said_to_be_so(target: str, answer: Answer) -> None:
    assert Asked().find(target) == answer


def test_people_see_the_page_for_it_and_players_a_code() -> None:
    asked = Asked({"404.html": PageFile(b"<p>lost</p>", b"")})
    for target in ("/e/xyz", "/nowhere"):
        page = asked.document(target)
        assert (page.status, page.body) == (404, b"<p>lost</p>")
    assert asked.find("/e/xyz/state.json") == EVENT_UNKNOWN
    assert asked.find("/favicon.ico") == NOT_FOUND


def test_the_count_is_defined_on_a_page_where_the_pages_are_built() -> None:
    built = Asked({"count.html": PageFile(b"<h1>How listeners are counted</h1>", b"")})
    page = built.document("/count")
    assert (page.status, page.kind) == (200, "page") and b"counted" in page.body
    assert "Content-Security-Policy" in page.extra
    assert Asked().find("/count") == NOT_FOUND


def test_an_event_that_is_not_over_plays_to_passes_only() -> None:
    asked = Asked()
    catalogue = asked.catalogue
    for path in (f"/e/abc/{LIVE}", f"/e/abc/{PART}", "/e/abc/rewind/aac.m3u8", "/e/abc/live/none"):
        assert catalogue.playing(path) == ("abc", True)
    for path in ("/", "/e/abc", "/e/abc/state.json", "/e/abc/replay/index.m3u8", "/e/xyz/live/0"):
        assert catalogue.playing(path) is None
    catalogue.handle(EventChanged(event=event(Phase.ENDED)), 0, START_MS)
    for path in (f"/e/abc/{PART}", "/e/abc/replay/index.m3u8"):
        assert catalogue.playing(path) == ("abc", False)


def test_what_is_compared_by_identity_is_one_string() -> None:
    asked = Asked()
    asked.catalogue.handle(playlist(17, 3), 0, START_MS)
    plays = asked.catalogue.playing(f"/e/abc/{PART}")
    wait = asked.find(f"/e/abc/{LIVE}?_HLS_msn=17&_HLS_part=4")
    assert plays is not None and isinstance(wait, Wait)
    assert wait.event_id is plays[0]
    for target in (f"/e/abc/{LIVE}", f"/e/abc/{PART}"):
        assert asked.document(target).prepared(False).heard is plays[0]


def test_the_state_is_rendered_at_most_once_a_second() -> None:
    asked = Asked()
    first = asked.document("/e/abc/state.json")
    asked.catalogue.handle(
        AudienceCounted(event_id="abc", connected=7, at_ms=0), asked.now, START_MS
    )
    assert asked.document("/e/abc/state.json?t=1") is first
    asked.second_passes()
    assert asked.state()["audience"]["connected"] == 7  # type: ignore[index]


def test_facts_that_came_before_the_event_are_not_lost() -> None:
    asked = Asked()
    catalogue = asked.catalogue
    for fact in (
        SeatsChanged(event_id="new", seats=(seat("Ada"),), at_ms=0),
        AudienceCounted(event_id="new", connected=3, at_ms=0),
        ReplaySealed(event_id="new", duration_s=1, at_ms=0),
    ):
        catalogue.handle(fact, 0, START_MS)
    assert asked.find("/e/new/state.json") == NOT_FOUND
    catalogue.handle(EventChanged(event=event(Phase.ENDED, event_id="new")), 0, START_MS)
    state = msgspec.json.decode(asked.document("/e/new/state.json").body)
    assert [one["name"] for one in state["speakers"]] == ["Ada"]
    assert state["audience"]["connected"] == 3 and state["links"]["replay"]


def test_seats_and_playlists_reach_the_state() -> None:
    asked = Asked()
    asked.catalogue.handle(SeatsChanged(event_id="abc", seats=(seat("Eve"),), at_ms=0), 0, START_MS)
    asked.catalogue.handle(offered(), 0, START_MS)
    state = asked.state()
    assert [one["name"] for one in state["speakers"]] == ["Eve"]  # type: ignore[attr-defined]
    assert len(state["links"]["playlists"]) == 1  # type: ignore[index]


def test_a_changed_title_is_on_the_page_the_list_and_the_calendar_within_a_second() -> None:
    asked = Asked()
    for target in ("/e/abc", "/", "/e/abc/calendar.ics"):
        assert b"Moved" not in asked.document(target).body
    asked.catalogue.handle(EventChanged(event=event(title="Moved")), 0, START_MS)
    asked.second_passes()
    for target in ("/e/abc", "/", "/e/abc/calendar.ics"):
        assert b"Moved" in asked.document(target).body


def test_a_calendar_is_rendered_once_a_change() -> None:
    asked = Asked()
    for _ in range(3):
        assert asked.document("/e/abc/calendar.ics").body.endswith(b"http://listen.test/e/abc")
        asked.second_passes()
    assert asked.calendars == 1


def test_the_fast_path_knows_what_was_asked_for_and_forgets_what_changed() -> None:
    asked = Asked()
    catalogue = asked.catalogue
    asked.document(f"/e/abc/{LIVE}", gzip=True)
    asked.document(f"/e/abc/{LIVE}?_HLS_msn=17&_HLS_part=3")
    asked.document(f"/e/abc/{PART}")
    wait = asked.find(f"/e/abc/{LIVE}?_HLS_msn=17&_HLS_part=4")
    assert isinstance(wait, Wait)
    assert len(catalogue.hot[0]) == 2 and len(catalogue.hot[1]) == 1 and len(catalogue.waits) == 1
    catalogue.handle(playlist(17, 4), 0, START_MS)
    assert list(catalogue.hot[0]) == [f"/e/abc/{PART}".encode()]
    assert not catalogue.hot[1] and not catalogue.waits


def test_media_leave_the_fast_path_when_they_are_dropped() -> None:
    asked = Asked()
    asked.catalogue.handle(media(keep_s=2), 0, START_MS)
    asked.document(f"/e/abc/{PART}")
    asked.second_passes()
    assert asked.catalogue.hot[0]
    asked.second_passes()
    assert not asked.catalogue.hot[0]


def test_what_is_dated_is_fast_for_a_second_only() -> None:
    asked = Asked()
    for target in ("/", "/e/abc", "/e/abc/state.json", "/healthz"):
        asked.document(target)
    assert len(asked.catalogue.hot[0]) == 4
    asked.second_passes()
    assert not asked.catalogue.hot[0]


@pytest.mark.parametrize(
    "target",
    [f"/e/abc/{LIVE}?x=1", f"/e/abc/{LIVE}?_HLS_msn=17&x=1&y=2&z=3", "/e/%61bc", "/nope",
     f"http://x/e/abc/{PART}", f"/e/abc/{PART}?x"],
)  # fmt: skip
def test_invented_queries_and_spellings_do_not_fill_the_memory(target: str) -> None:
    asked = Asked()
    asked.find(target)
    assert asked.catalogue.hot == ({}, {})


def test_asking_again_the_slow_way_remembers_a_target_once() -> None:
    asked = Asked()
    for _ in range(5):
        asked.document(f"/e/abc/{LIVE}")
    assert asked.catalogue._by_playlist == {("abc", LIVE): [f"/e/abc/{LIVE}".encode()]}


def test_a_built_page_is_filled_in(tmp_path: Path) -> None:
    shell = PageFile(b'<html lang="__LANG__"><!--rostra:head--><!--rostra:state--></html>', b"")
    body = Asked({"event.html": shell}).document("/e/abc").body
    assert b'lang="en"' in body and b"Ada &amp;" in body


def test_media_are_the_packagers_bytes(tmp_path: Path) -> None:
    assert playing(tmp_path).get(f"/e/abc/{PART}").endswith(b"\r\n\r\n" + BODY)


CONSENT = "/.well-known/rostra-rehearsal"


def consent(asked: Asked, said: bytes, until_ms: int = START_MS + 5000, run: str = "r") -> None:
    fact = RehearsalSet(run=run, event_id="reh", until_ms=until_ms, consent=said)
    asked.catalogue.handle(fact, asked.now, START_MS)


def rehearsed(asked: Asked, phase: Phase) -> list[object]:
    told = Event(event_id="reh", title="Rehearsal", start_ms=START_MS, phase=phase, rehearsal=True)
    return list(asked.catalogue.handle(EventChanged(event=told), asked.now, START_MS))


def test_consents_are_answered_word_for_word_and_never_stored() -> None:
    asked = Asked()
    consent(asked, b'{"one":1}')
    consent(asked, b'{"two":2}', run="other")
    answer = asked.document(CONSENT)
    assert bytes(answer.body) == b'{"consents":[{"one":1},{"two":2}]}'
    assert (answer.status, answer.cache) == (200, "no-store")


def test_without_a_consent_there_is_none() -> None:
    asked = Asked()
    refusal = asked.find(CONSENT)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 404


@pytest.mark.parametrize("ends", ["withdrawn", "over", "time"])
def test_a_consent_that_ended_is_answered_no_longer_than_a_second(ends: str) -> None:
    asked = Asked()
    rehearsed(asked, Phase.LIVE)
    consent(asked, b"{}")
    asked.document(CONSENT)
    if ends == "withdrawn":
        consent(asked, b"")
    elif ends == "over":
        rehearsed(asked, Phase.CANCELLED)
    asked.now += 6.0 if ends == "time" else 0.0
    asked.second_passes()
    assert isinstance(asked.find(CONSENT), Refusal)


def test_a_rehearsal_is_on_no_list_and_says_what_it_is() -> None:
    asked = Asked()
    rehearsed(asked, Phase.LIVE)
    assert b"/e/reh" not in asked.document("/").body
    assert b"Rehearsal" in asked.document("/e/reh").body
    assert msgspec.json.decode(asked.document("/e/reh/state.json").body)["rehearsal"] is True


def test_of_a_rehearsal_that_is_over_no_page_and_no_media_are_left() -> None:
    asked = Asked()
    rehearsed(asked, Phase.LIVE)
    told = playlist(17, 3)
    for fact in (
        msgspec.structs.replace(told, event_id="reh"),
        msgspec.structs.replace(media(), event_id="reh"),
    ):
        asked.catalogue.handle(fact, 0, START_MS)
    page, part = asked.document("/e/reh"), asked.document(f"/e/reh/{PART}")
    assert (page.status, part.status) == (200, 200)
    held = asked.find(f"/e/reh/{LIVE}?_HLS_msn=18&_HLS_part=0")
    assert isinstance(held, Wait)
    freed = rehearsed(asked, Phase.CANCELLED)
    assert [release.answer for release in freed] == [EVENT_UNKNOWN]  # type: ignore[attr-defined]
    for target in ("/e/reh/state.json", f"/e/reh/{PART}", f"/e/reh/{LIVE}"):
        assert asked.find(target) == EVENT_UNKNOWN
    assert asked.document(f"/e/abc/{PART}").status == 200
