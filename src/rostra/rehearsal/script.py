"""A script: when a crowd comes, how long it stays, what goes wrong (TOML)."""

from __future__ import annotations

import difflib
import hashlib
import math
import tomllib
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from rostra.rehearsal.attack import PROFILES
from rostra.rehearsal.attack import SAYS as ATTACKS
from rostra.rehearsal.faults import SAYS
from rostra.rehearsal.faults import STORM as STORM_FAULT
from rostra.rehearsal.waves import AT, DAY_S, WAVES, Key, Value, Wave, rates, span

LISTENERS_MOST = 20_000_000
FAULTS = tuple(name for name in SAYS if name != STORM_FAULT)


SCRIPT: tuple[Key, ...] = (
    Key("name", None, "what it is called in a certificate"),
    Key("says", "", "one sentence about it"),
    Key("seed", 1, "another seed is another crowd of the same kind", 0, 2**53),
    Key("listeners", 1000, "people, where the command line does not say", 1, LISTENERS_MOST),
    Key("doors_s", -900.0, "doors open, seconds from T0", -DAY_S, 0),
    Key("not_before_s", -DAY_S, "nobody comes earlier, whatever the waves say", -DAY_S, 0),
    Key("ends_s", 900.0, "the event's end; nobody comes later, seconds from T0", 1),
)
STAY: tuple[Key, ...] = (
    Key("mean_s", 1500.0, "how long people stay, from their arrival, on average", 1),
    Key("shape", 1.0, "Weibull: 1 is exponential; below 1 many go soon and some never", 0.2, 10),
    Key("to_end", 0.0, "share of those who stay until the end", 0, 1),
)
SHARES: tuple[Key, ...] = (
    Key("double_tabs", 0.0, "have the page open twice", 0, 1),
    Key("silent", 0.0, "leave without a goodbye", 0, 1),
    Key("economy", 0.0, "choose the economy bit rate", 0, 1),
    Key("drops", 0.0, "lose the network once, somewhen in their stay", 0, 1),
    Key("dropped_s", 15.0, "for so long, on average", 0, 3600),
    Key("impatient", 0.0, "give up if nobody lets them in", 0, 1),
    Key("patience_s", 300.0, "after so long, on average", 1),
)
STORM: tuple[Key, ...] = (AT,)
FAULT: tuple[Key, ...] = (
    Key("name", None, f"what breaks: {', '.join(FAULTS)}"),
    AT,
)
ATTACK: tuple[Key, ...] = (
    Key("profile", None, "which, of those below"),
    Key("from_s", None, "its onset, seconds from T0", -DAY_S),
    Key("until_s", None, "its end", -DAY_S),
    Key("requests_s", 0.0, "requests a second; 0: by `times`", 0, 1e6),
    Key("times", 10.0, "as many times the crowd's own requests of the seconds before", 0, 1000),
    Key("sources", 1000, "addresses that it comes from, all of this machine", 1, 65_536),
    Key("connections", 1000, "that it may hold", 1, 100_000),
)


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with a script, and the mend."""

    name: str
    message: str


class Stay(msgspec.Struct, frozen=True):
    """Weibull (dwell times on pages follow it: Liu, White and Dumais, SIGIR 2010)."""

    mean_s: float = 1500.0
    shape: float = 1.0
    to_end: float = 0.0

    @property
    def scale_s(self) -> float:
        """The distribution's scale for that mean."""
        return self.mean_s / math.gamma(1 + 1 / self.shape)


class Shares(msgspec.Struct, frozen=True):
    """Habits, as shares of the people."""

    double_tabs: float = 0.0
    silent: float = 0.0
    economy: float = 0.0
    drops: float = 0.0
    dropped_s: float = 15.0
    impatient: float = 0.0
    patience_s: float = 300.0


class Fault(msgspec.Struct, frozen=True):
    """Something that breaks at that moment."""

    name: str
    at_s: float


class Attack(msgspec.Struct, frozen=True, kw_only=True):
    """One attack; the fields are the rows of `ATTACK`."""

    profile: str
    from_s: float
    until_s: float
    requests_s: float = 0.0
    times: float = 10.0
    sources: int = 1000
    connections: int = 1000


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """All times are seconds from T0, the announced start. The script begins at `begins_s`."""

    name: str
    waves: tuple[Wave, ...]
    says: str = ""
    seed: int = 1
    listeners: int = 1000
    doors_s: float = -900.0
    not_before_s: float = -DAY_S
    ends_s: float = 900.0
    stay: Stay = Stay()
    shares: Shares = Shares()
    storms: tuple[float, ...] = ()  # everybody's connection drops at once
    faults: tuple[Fault, ...] = ()
    attacks: tuple[Attack, ...] = ()

    @property
    def begins_s(self) -> float:
        """The first moment at which anything may happen; never after T0."""
        first_s = min(0.0, self.doors_s, *(span(wave)[0] for wave in self.waves))
        return max(first_s, self.not_before_s)

    def come(self, wave: Wave) -> tuple[Any, Any]:
        """Cells' edges in seconds from T0 (n + 1) and how many of the wave come in each (n).

        To no scale; cut where the script begins and ends.
        """
        edges_s, weights = rates(wave)
        cut_s = np.clip(edges_s, self.begins_s, self.ends_s)
        return cut_s, weights * np.diff(cut_s) / np.diff(edges_s)


def squeezed(script: Script, lasts_s: float) -> Script:
    """The same evening in `lasts_s` seconds (never longer): every time shrinks by one factor.

    So as many people come in less time, and their rush is that much steeper.
    """
    factor = lasts_s / (script.ends_s - script.begins_s)
    if factor >= 1:
        return script
    waves = []
    for wave in script.waves:
        shrunk = {name: wave.number(name) * factor for name in wave.values if name.endswith("_s")}
        waves.append(msgspec.structs.replace(wave, values={**wave.values, **shrunk}))
    return msgspec.structs.replace(
        script,
        waves=tuple(waves),
        doors_s=script.doors_s * factor,
        not_before_s=script.not_before_s * factor,
        ends_s=script.ends_s * factor,
        stay=msgspec.structs.replace(script.stay, mean_s=script.stay.mean_s * factor),
        shares=msgspec.structs.replace(script.shares, patience_s=script.shares.patience_s * factor),
        storms=tuple(at_s * factor for at_s in script.storms),
        faults=tuple(Fault(fault.name, fault.at_s * factor) for fault in script.faults),
        attacks=tuple(
            msgspec.structs.replace(
                attack, from_s=attack.from_s * factor, until_s=attack.until_s * factor
            )
            for attack in script.attacks
        ),
    )


def digest(script: Script) -> str:
    """SHA-256 (hex) of all that the script says; the same for two files that say the same."""
    return hashlib.sha256(msgspec.json.encode(script, order="sorted")).hexdigest()


class _Reader:
    """Takes a table's keys by its rows and notes all that is wrong."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, name: str, message: str) -> None:
        self.problems.append(Problem(name, message))

    def unknown(self, where: str, name: str, known: list[str]) -> None:
        full = f"{where}.{name}" if where else name
        self.wrong(full, f"there is no {full}; {_hint(name, known)}")

    def table(
        self, tree: Any, rows: tuple[Key, ...], where: str, beside: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        values: dict[str, Any] = {row.name: row.default for row in rows if row.default is not None}
        if not isinstance(tree, dict):
            self.wrong(where, f"{where} must be a table")
            return values
        by_name = {row.name: row for row in rows}
        for name, value in tree.items():
            if name in beside:
                continue
            full = f"{where}.{name}" if where else name
            if name not in by_name:
                self.unknown(where, name, [*by_name, *beside])
            elif complaint := _complaint(by_name[name], value):
                self.wrong(full, f"{full} {complaint}")
            else:
                values[name] = value
        for row in rows:
            if row.default is None and row.name not in tree:
                full = f"{where}.{row.name}" if where else row.name
                self.wrong(full, f"{full} is missing: {row.says}")
        return values

    def tables(self, tree: dict[str, Any], name: str) -> list[Any]:
        found = tree.get(name, [])
        if not isinstance(found, list):
            self.wrong(name, f"{name} must be written [[{name}]], once for each")
            return []
        return found

    def wave(self, tree: Any, where: str) -> Wave | None:
        kind = tree.get("kind") if isinstance(tree, dict) else None
        if not isinstance(kind, str) or kind not in WAVES:
            hint = _hint(str(kind), list(WAVES))
            self.wrong(f"{where}.kind", f"{where}.kind is {kind!r}; {hint}")
            return None
        before = len(self.problems)
        values = self.table(tree, WAVES[kind][1], where, ("kind",))
        if len(self.problems) > before:
            return None
        wave = Wave(kind=kind, share=float(values.pop("share")), values=values)
        first_s, last_s = span(wave)
        if last_s <= first_s:
            self.wrong(where, f"{where} ends at {last_s:g} s, before it begins")
            return None
        if kind == "shape" and not sum(values["counts"]) > 0:
            self.wrong(where, f"{where}.counts brings nobody")
            return None
        return wave


def _hint(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"


def _complaint(row: Key, value: Any) -> str:
    if row.name == "counts":
        if not isinstance(value, list) or not value:
            return "wants a list of numbers"
        bad = [v for v in value if not _number(v) or not row.least <= v <= row.most]
        return f"has {bad[0]!r}, but no count may be negative" if bad else ""
    if isinstance(row.default, str) or row.name in ("name", "profile"):
        good = isinstance(value, str) and len(value) <= 500 and (value or row.default == "")
        return "" if good else f"wants text in quotes, not {value!r}"
    if not _number(value) or (isinstance(row.default, int) and not isinstance(value, int)):
        whole = "a whole number" if isinstance(row.default, int) else "a number"
        return f"wants {whole}, not {value!r}"
    if not row.least <= value <= row.most:
        return f"is {value}, but must be from {row.least:g} to {row.most:g}"
    return ""


def _number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def read_script(text: str) -> Script | list[Problem]:
    """The script, or all that is wrong with it."""
    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers or tables without an end
        return [Problem("", f"this is not TOML: {error}")]
    reader = _Reader()
    top = reader.table(tree, SCRIPT, "", ("stay", "shares", "wave", "storm", "fault", "attack"))
    stay = reader.table(tree.get("stay", {}), STAY, "stay")
    shares = reader.table(tree.get("shares", {}), SHARES, "shares")
    waves = [reader.wave(one, f"wave[{i}]") for i, one in enumerate(reader.tables(tree, "wave"), 1)]
    storms = [
        reader.table(one, STORM, f"storm[{i}]")
        for i, one in enumerate(reader.tables(tree, "storm"), 1)
    ]
    faults = [
        reader.table(one, FAULT, f"fault[{i}]")
        for i, one in enumerate(reader.tables(tree, "fault"), 1)
    ]
    attacks = [
        reader.table(one, ATTACK, f"attack[{i}]")
        for i, one in enumerate(reader.tables(tree, "attack"), 1)
    ]
    if not waves and not reader.problems:
        reader.wrong("wave", "nobody comes: write at least one [[wave]]")
    for i, fault in enumerate(faults, 1):
        if "name" in fault and fault["name"] not in FAULTS:
            where = f"fault[{i}].name"
            hint = _hint(fault["name"], FAULTS)
            reader.wrong(where, f"{where} is {fault['name']!r}; {hint}")
    for i, attack in enumerate(attacks, 1):
        if "profile" in attack and attack["profile"] not in ATTACKS:
            hint = _hint(attack["profile"], tuple(ATTACKS))
            reader.wrong(f"attack[{i}].profile", f"attack[{i}].profile is no profile; {hint}")
        if not attack.get("from_s", -DAY_S) < attack.get("until_s", DAY_S):
            reader.wrong(f"attack[{i}].until_s", f"attack[{i}] ends before it begins")
    if reader.problems:
        return reader.problems
    script = Script(
        name=top["name"],
        says=top["says"],
        seed=top["seed"],
        listeners=top["listeners"],
        doors_s=float(top["doors_s"]),
        not_before_s=float(top["not_before_s"]),
        ends_s=float(top["ends_s"]),
        waves=tuple(wave for wave in waves if wave),
        stay=Stay(**stay),
        shares=Shares(**shares),
        storms=tuple(sorted(float(storm["at_s"]) for storm in storms)),
        faults=tuple(Fault(f["name"], float(f["at_s"])) for f in faults),
        attacks=tuple(msgspec.convert(attack, Attack) for attack in attacks),
    )
    for i, wave in enumerate(script.waves, 1):
        if not script.come(wave)[1].sum() > 0:
            reader.wrong(f"wave[{i}]", f"wave[{i}] comes wholly before the script or after its end")
    for what, at_s in (
        [("storm", s) for s in script.storms]
        + [("fault", f.at_s) for f in script.faults]
        + [("attack", at_s) for a in script.attacks for at_s in (a.from_s, a.until_s)]
    ):
        if not script.begins_s <= at_s <= script.ends_s:
            reader.wrong(what, f"a {what} at {at_s:g} s is outside of the script")
    return reader.problems or script


def _shown(value: Value) -> str:
    return msgspec.json.encode(value).decode()


def _rows(rows: tuple[Key, ...]) -> list[str]:
    lines = ["| key | default | what it is for |", "| --- | --- | --- |"]
    for row in rows:
        default = "must be given" if row.default is None else f"`{_shown(row.default)}`"
        lines.append(f"| `{row.name}` | {default} | {row.says} |")
    return [*lines, ""]


_PAGE = """# Scripts

A script says when a crowd comes, how long it stays and what goes wrong: a TOML file, or the name
of one that comes with Rostra. All times are seconds from T0, the announced start. Arrivals are
open-loop: nobody waits for an answer to somebody else before they come. The same script, seed and
number of people give the same crowd on every machine.

| comes with Rostra | |
| --- | --- |
{names}

```toml
name = "premiere"
ends_s = 1800
[shares]
double_tabs = 0.05
[[wave]]
kind = "spike"
share = 3
rise_s = 30
[[wave]]
kind = "mention"
share = 1
at_s = 600
[[storm]]
at_s = 900
```
"""


def document(bundled: Sequence[Script]) -> str:
    """The tables as a page in Markdown (docs/reference/scripts.md is this)."""
    lines = [
        _PAGE.format(names="\n".join(f"| `{script.name}` | {script.says} |" for script in bundled)),
        "## The script",
        *_rows(SCRIPT),
        "## `[stay]`",
        *_rows(STAY),
        "## `[shares]`: of the people",
        *_rows(SHARES),
        "## `[[wave]]`: at least one",
    ]
    for kind, (says, rows) in WAVES.items():
        lines += [f'### `kind = "{kind}"`: {says}', *_rows(rows)]
    lines += ["## `[[storm]]`: every connection drops at once", *_rows(STORM)]
    lines += ["## `[[fault]]`: something breaks", *_rows(FAULT)]
    lines += [
        "## `[[attack]]`: somebody does harm",
        "Played by attackers on the house's own machine, against its addresses there only, within",
        "the consent of the rehearsal; a simulation leaves them out.",
        "",
        *_rows(ATTACK),
        "| profile | what it does | what no honest client does |",
        "| --- | --- | --- |",
        *(
            f"| `{name}` | {says} | {PROFILES[name].never if name in PROFILES else ''} |"
            for name, says in ATTACKS.items()
        ),
        "",
    ]
    return "\n".join(lines)
