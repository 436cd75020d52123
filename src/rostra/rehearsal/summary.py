"""What a rehearsal found, in plain words for whoever is no engineer."""

from __future__ import annotations

from collections import Counter

from rostra.rehearsal.findings import JOIN_P99_MOST_S, STALLED_MOST, Findings, RungFound, Step
from rostra.rehearsal.paper_words import (
    Language,
    noted,
    number,
    rounded,
    say,
    seconds,
    sentence,
    share,
    why,
)


def lines(findings: Findings, language: Language = "en") -> list[str]:
    """Sentences: first the answer, then each rung, joins, faults, the night, what to doubt."""
    said = [answer(findings, language)]
    if findings.cut_short:
        said.append(say(language, "cut_short", why=why(language, findings.cut_short)))
    if findings.void:
        return said + _notes(findings, language)
    first = best(findings)
    for row in findings.rungs:
        allows = say(language, "allowed", allowed=number(language, row.allowed))
        if first is not None and row.rung == first.rung:
            said[0] += f" {allows}"
        else:
            said.append(f"{rung_answer(findings, row, language)} {allows}")
    if any(row.carried for row in findings.rungs):
        said.append(meaning(language))
    if findings.joins_s is not None:
        said.append(joins_line(findings, language))
    said += fault_lines(findings, language)
    if findings.night is not None:
        said.append(night_line(findings, language))
    return said + _notes(findings, language)


def _notes(findings: Findings, language: Language) -> list[str]:
    halves = (("doubts_line", findings.doubts), ("not_tested_line", findings.not_tested))
    return [
        say(language, name, said="; ".join(noted(language, one).rstrip(".") for one in notes))
        for name, notes in halves
        if notes
    ]


def best(findings: Findings) -> RungFound | None:
    """The best service (smallest rung) that was carried at all, or the first that was tried."""
    carried = [row for row in findings.rungs if row.carried > 0]
    return min(carried or findings.rungs, key=lambda row: row.rung, default=None)


def answer(findings: Findings, language: Language = "en") -> str:
    """The one sentence that matters."""
    if findings.void:
        voids = Counter(step.void for step in findings.steps if step.void)
        words = [findings.void, *(code for code, _ in voids.most_common(1))]
        return say(language, "void", why=": ".join(why(language, word) for word in words))
    row = best(findings)
    return say(language, "carried_unknown") if row is None else rung_answer(findings, row, language)


def rung_answer(findings: Findings, row: RungFound, language: Language = "en") -> str:
    """How many one rung carried, and what ended it."""
    steps = [step for step in findings.steps if step.rung == row.rung]
    carried, knee = number(language, row.carried), number(language, row.knee or 0)
    gives = at_rung(row, steps, language)
    reason = next(
        (s.reason for s in steps if not s.void and not s.carried and s.listeners == row.knee), ""
    )
    words = why(language, reason or "stalled")
    if row.knee is not None and row.carried > 0:
        return say(language, "carried_knee", carried=carried, gives=gives, knee=knee, why=words)
    if row.knee is not None:
        return say(language, "carried_none", knee=knee, gives=gives, why=words)
    if row.carried <= 0:
        return say(language, "carried_unknown")
    beyond = any(step.void and step.listeners > row.carried for step in steps)
    name = "carried_void" if beyond else "carried_least"
    return say(language, name, carried=carried, gives=gives)


def at_rung(row: RungFound, steps: list[Step], language: Language) -> str:
    """The rung in words, with the delay that was measured where one was."""
    gives = say(language, f"gives_{row.rung}") if 0 <= row.rung <= 3 else "?"
    behind = [s.behind_s for s in steps if s.carried and not s.void and s.behind_s > 0]
    if not behind:
        return say(language, "at_rung", rung=str(row.rung), gives=gives)
    told = number(language, behind[-1], 0 if behind[-1] >= 10 else 1)
    return say(language, "at_rung_behind", rung=str(row.rung), gives=gives, behind=told)


def meaning(language: Language = "en") -> str:
    """What "carried" means."""
    return say(
        language,
        "meaning",
        stalled=share(language, STALLED_MOST),
        join=number(language, JOIN_P99_MOST_S),
    )


def joins_line(findings: Findings, language: Language = "en") -> str:
    """Joins a second; empty where none were found."""
    found = findings.joins_s
    if found is None:
        return ""
    return say(
        language,
        "joins",
        value=rounded(language, found.value),
        low=rounded(language, found.low),
        high=rounded(language, found.high),
    )


def fault_lines(findings: Findings, language: Language = "en") -> list[str]:
    """One sentence for each fault."""
    return [
        say(
            language,
            "fault_line_never" if fault.recovered_s is None else "fault_line",
            says=sentence(noted(language, fault.says)),
            stalled=number(language, fault.stalled),
            listeners=number(language, fault.listeners),
            recovered=seconds(language, fault.recovered_s or 0.0),
        )
        for fault in findings.faults
    ]


def night_line(findings: Findings, language: Language = "en") -> str:
    """The night in a sentence; empty where none was played."""
    night = findings.night
    if night is None:
        return ""
    void = say(language, "night_void", why=why(language, night.void)) + " " if night.void else ""
    return void + say(
        language,
        "night_line",
        people=number(language, night.people),
        joined=number(language, night.joined),
        gave_up=number(language, night.gave_up),
        p50=seconds(language, night.join_p50_s),
        p99=seconds(language, night.join_p99_s),
        stalled=share(language, night.stalled_share, 2),
    )
