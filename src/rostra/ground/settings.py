"""Settings: one table feeds defaults, the command line, the documentation and the errors."""

from __future__ import annotations

import difflib
import tomllib
from typing import Any

import msgspec

Value = str | int | float | bool


class Setting(msgspec.Struct, frozen=True):
    """One row of the table. `least`/`most` bound numbers, both inclusive; `choices` bind text."""

    name: str
    default: Value
    says: str
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()


TABLE: tuple[Setting, ...] = (
    Setting("serve.data", "data", "folder for everything that is kept: keys, events, recordings"),
    Setting("serve.host", "0.0.0.0", "address the audience port listens on"),  # noqa: S104
    Setting("serve.port", 8080, "audience port: event pages and media", 1, 65535),
    Setting("serve.control_host", "127.0.0.1", "address the control port listens on"),
    Setting("serve.control_port", 8081, "control port: operators and their API", 1, 65535),
    Setting("serve.stage_host", "0.0.0.0", "address the stage port listens on"),  # noqa: S104
    Setting("serve.stage_port", 8082, "stage port: hosts and speakers", 1, 65535),
    Setting("serve.edges", 0, "audience processes; 0 means one for each core", 0, 256),
    Setting("serve.public_url", "", "address listeners use, if not http(s)://localhost:PORT"),
    Setting("serve.control_url", "", "address operators use, likewise"),
    Setting("serve.stage_url", "", "address speakers use, likewise"),
    Setting("serve.tls_cert", "", "PEM certificate chain for all ports; a renewed file is noticed"),
    Setting("serve.tls_key", "", "PEM key of that certificate"),
    Setting(
        "serve.proxies",
        "",
        "prefixes of the proxies in front (10.0.0.5,2001:db8::/64): only they may say, by PROXY v2 "
        "or X-Forwarded-For, who a client is",
    ),
    Setting("agenda.doors_open_before_min", 15, "doors open this long before the start", 0, 1440),
    Setting("agenda.invitation_days", 30, "links hold until this long after the start", 1, 3650),
    Setting(
        "agenda.replay_within_min", 30, "the replay is promised this long after the end", 1, 1440
    ),
    Setting(
        "door.admission",
        "passes",
        "who may fetch live media: holders of passes, or with open anyone (for a public CDN)",
        choices=("passes", "open"),
    ),
    Setting(
        "door.cap", 0, "listeners inside at most; 0 means as many as were measured", 0, 100_000_000
    ),
    Setting(
        "door.pace", 0, "joins per second at most; 0 means as many as were measured", 0, 1_000_000
    ),
    Setting(
        "shield.mode",
        "auto",
        "auto: by what comes in; attack: as under attack from the start; off: no shield at all",
        choices=("auto", "attack", "off"),
    ),
    Setting(
        "shield.dry_run", "off", "on: the shield only says what it would do", choices=("off", "on")
    ),
    Setting(
        "shield.challenge",
        "auto",
        "auto: proof of work before new tickets under attack; off: never",
        choices=("auto", "off"),
    ),
    Setting(
        "shield.kernel",
        "auto",
        "auto: the worst sources are dropped by nftables where Rostra may; off: never",
        choices=("auto", "off"),
    ),
    Setting("stage.max_seats", 16, "people on stage at once, each event", 1, 64),
    Setting("stage.public_ip", "", "address to announce for voice where the machine is behind NAT"),
    Setting("edge.max_connections", 18000, "connections an edge holds at most", 10, 1_000_000),
    Setting("edge.media_cache_mb", 256, "memory of an edge for older segments, MiB", 1, 65536),
)
BY_NAME = {row.name: row for row in TABLE}


class Settings(msgspec.Struct, frozen=True):
    """All settings with a value; `settings["serve.port"]`, or typed: `text`, `number`."""

    values: dict[str, Value]

    def text(self, name: str) -> str:
        """A setting that is text."""
        return str(self.values[name])

    def number(self, name: str) -> int:
        """A setting that is a whole number."""
        return int(self.values[name])


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with the settings, and the mend."""

    name: str
    message: str


def defaults() -> Settings:
    """Every setting at its default."""
    return Settings({row.name: row.default for row in TABLE})


def flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"serve": {"port": 1}}` as `{"serve.port": 1}`."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def nearest(name: str) -> str:
    """The setting whose name is closest to `name`, or an empty string."""
    found = difflib.get_close_matches(name, BY_NAME, n=1, cutoff=0.5)
    if not found:
        last = name.rsplit(".", 1)[-1]
        found = [
            row for row in BY_NAME if difflib.get_close_matches(last, [row.rsplit(".", 1)[-1]])
        ]
    return found[0] if found else ""


def check(flat: dict[str, Any]) -> tuple[Settings, list[Problem]]:
    """Settings from `flat` over the defaults, and all that is wrong with it."""
    values = dict(defaults().values)
    problems: list[Problem] = []
    for name, value in flat.items():
        row = BY_NAME.get(name)
        if row is None:
            near = nearest(name)
            hint = f"; did you mean {near}?" if near else "; `rostra config explain` lists all"
            problems.append(Problem(name, f"there is no setting {name}{hint}"))
        elif complaint := _complaint(row, value):
            problems.append(Problem(name, complaint))
        else:
            values[name] = value
    if bool(values["serve.tls_cert"]) != bool(values["serve.tls_key"]):
        missing = "serve.tls_key" if values["serve.tls_cert"] else "serve.tls_cert"
        problems.append(
            Problem(missing, f"TLS needs a certificate and its key; {missing} is not set")
        )
    ports = [values[f"serve.{p}port"] for p in ("", "control_", "stage_")]
    if len(set(ports)) < len(ports):
        problems.append(
            Problem(
                "serve.port", f"the three ports must differ, but are {', '.join(map(str, ports))}"
            )
        )
    return Settings(values), problems


def read(toml_text: str) -> tuple[Settings, list[Problem]]:
    """Settings from the text of a rostra.toml."""
    try:
        tree = tomllib.loads(toml_text)
    except tomllib.TOMLDecodeError as error:
        return defaults(), [Problem("", f"this is not TOML: {error}")]
    return check(flatten(tree))


def document() -> str:
    """The table as a page in Markdown (docs/reference/settings.md is this)."""
    lines = [
        "# Settings",
        "",
        "In `rostra.toml`, or the file that `--config` names; the command line wins over the file.",
        "`rostra config check` reads the file and says all that is wrong with it. This page is",
        "`rostra config explain --markdown`.",
        "",
        "| setting | default | what it is for |",
        "| --- | --- | --- |",
    ]
    lines += [f"| `{row.name}` | `{_toml(row.default)}` | {row.says} |" for row in TABLE]
    return "\n".join(lines) + "\n"


def _toml(value: Value) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def _complaint(row: Setting, value: Any) -> str:
    kind = type(row.default)
    if type(value) is not kind:
        words = {str: "text in quotes", int: "a whole number", bool: "true or false"}
        return f"{row.name} wants {words[kind]}, not {value!r}"
    if row.choices and value not in row.choices:
        return f"{row.name} is {value!r}, but must be {' or '.join(row.choices)}"
    if row.least is None or row.most is None:
        return ""
    if not row.least <= float(value) <= row.most:
        return f"{row.name} is {value}, but must be from {row.least:g} to {row.most:g}"
    return ""
