from __future__ import annotations

import json
import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from tests.delivery.playing import START_MS, event, offered

from rostra.delivery.pages import render_event, render_index
from rostra.delivery.state import EventState, Known
from rostra.ground.facts import Phase

SHELL = (
    '<html lang="__LANG__"><head><!--rostra:head--></head><body>'
    "<!--rostra:state--><!--rostra:noscript--><div id=page></div></body></html>"
)


class Tags(HTMLParser):
    """All that a browser would see as a tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


def page(admission: str = "open", **changes: object) -> str:
    state = EventState(event(**changes), Known(offered=offered()), admission)  # type: ignore[arg-type]
    return render_event(SHELL, state, "http://listen.test", START_MS).decode()


def test_the_page_names_the_event_to_people_and_to_machines() -> None:
    text = page(language="fr", description="Deux voix", people=("Ada",))
    assert '<html lang="fr">' in text
    assert "<title>Ada &amp; &lt;Grace&gt;</title>" in text
    assert '<meta property="og:title" content="Ada &amp; &lt;Grace&gt;">' in text
    assert '<link rel="canonical" href="http://listen.test/e/abc">' in text
    assert 'type="text/calendar"' in text and "/e/abc/calendar.ics" in text
    assert "<noscript>" in text and "2026-12-01 20:00 UTC" in text and "Écouter" in text


def test_without_scripts_no_link_leads_to_what_needs_a_pass() -> None:
    assert "/live/" in page().partition("<noscript>")[2]
    assert "/live/" not in page("passes").partition("<noscript>")[2]
    replay = page("passes", phase=Phase.ENDED).partition("<noscript>")[2]
    assert "/replay/aac.m3u8" in replay


def test_the_state_stands_in_the_page() -> None:
    found = re.search(r'<script type="application/json" id="rostra-state">(.*?)</script>', page())
    assert found and json.loads(found[1])["title"] == "Ada & <Grace>"


hostile = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["</script><script>x()</script>", "<!--", "-->", '" onload="x()', "<!--rostra:state-->",
         "__LANG__", "<!--rostra:head--><b>", "]]>", "\\u003c/script>"]
    ),
)  # fmt: skip


@given(hostile, hostile, hostile)
def test_no_words_of_people_become_markup(title: str, description: str, name: str) -> None:
    plain = Tags(page(title="t", description="d", people=("p",))).tags
    words = page(title=title, description=description or "d", people=(name or "p",))
    # A blank description or name leaves its paragraph out; nothing may ever come in.
    tags = Tags(words).tags
    for tag in set(tags):
        assert tags.count(tag) <= plain.count(tag), tag
    assert words.count("<script") == 1 and words.count("</script") == 1


def test_without_a_build_there_is_a_bare_page() -> None:
    state = EventState(event(), Known())
    assert b"rostra-state" in render_event(None, state, "", START_MS)
    assert b"/e/abc" in render_index(None, [state], START_MS)


def test_the_list_has_what_is_live_and_what_comes() -> None:
    states = [
        EventState(event(phase, event_id=name, title=name, start_ms=START_MS + start), Known())
        for name, phase, start in (
            ("later", Phase.SCHEDULED, 9_000_000), ("soon", Phase.SCHEDULED, 1_000),
            ("now", Phase.LIVE, -9_000_000_000), ("over", Phase.POSTED, -1),
            ("off", Phase.CANCELLED, 1), ("stale", Phase.SCHEDULED, -7 * 3_600_000),
        )
    ]  # fmt: skip
    text = render_index(None, states, START_MS).decode()
    assert re.findall(r'href="/e/(\w+)"', text) == ["now", "soon", "later"]
