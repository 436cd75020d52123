"""Attack profiles: each with a sentence, what no honest client does in it, and how it is driven.

After what is seen in the wild and what tools do: HTTP floods and cache busting (hulk), slowloris
and slow read (slowhttptest), smuggling (RFC 9112, 11.2), replayed tokens, clients that mimic a
player. Each is data; the bytes are made in attack_bytes.py, the sockets are in attacks_io.py.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Manner(StrEnum):
    """How a profile uses its connections.

    FLOOD asks on and on, whatever is answered; DRIP sends a head a byte a second; HOLD opens and is
    silent; UNREAD asks for much and reads next to nothing; VISIT acts as a player, far too fast;
    STORM is no attack: our own listeners drop and come back.
    """

    FLOOD = "flood"
    DRIP = "drip"
    HOLD = "hold"
    UNREAD = "unread"
    VISIT = "visit"
    STORM = "storm"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """`never`: what an honest client never does in it. `requests`, `connections`: its weight in the
    mixture (0: it is not in it). `stage`: it asks at the stage's port.
    """

    name: str
    says: str
    never: str
    manner: Manner = Manner.FLOOD
    requests: float = 1.0
    connections: float = 1.0
    stage: bool = False

    @property
    def honest(self) -> bool:
        """Whether it is no attack, and must be treated as none."""
        return self.manner is Manner.STORM


MIXTURE = "mixture"
ALL = "all"
_ROWS = (
    Profile(
        name="playlist_flood",
        says="Asks for the live playlists as fast as it can, without a pass.",
        never="asks for media without having asked for a pass",
        requests=6,
        connections=4,
    ),
    Profile(
        name="state_flood",
        says="Asks for the page and its state as fast as it can.",
        never="asks for the state more than once in `poll_s`, or goes on at once after a refusal",
        requests=5,
        connections=4,
    ),
    Profile(
        name="cache_bust",
        says="Asks for page, state, playlists, files with a new query each time, past any cache.",
        never="adds a query to an address that has none",
        requests=4,
        connections=3,
    ),
    Profile(
        name="ticket_flood",
        says="Asks for ticket after ticket and never solves what it is asked in return.",
        never="asks for a second ticket while it holds one",
        requests=3,
        connections=3,
    ),
    Profile(
        name="ticket_flood_solving",
        says="Asks for ticket after ticket and solves each challenge, so it pays for each.",
        never="asks for a second ticket while it holds one",
        manner=Manner.VISIT,
        requests=1,
        connections=1,
    ),
    Profile(
        name="pass_replay",
        says="Uses one real pass from all its addresses at once.",
        never="uses a pass from many networks at once, or faster than a player plays",
        requests=3,
        connections=3,
    ),
    Profile(
        name="slowloris",
        says="Sends its requests a byte a second and never ends them.",
        never="takes many seconds for the head of one request",
        manner=Manner.DRIP,
        requests=0.3,
        connections=3,
    ),
    Profile(
        name="slow_read",
        says="Asks for large answers through a tiny window and hardly reads them.",
        never="asks for more while it has not read what came",
        manner=Manner.UNREAD,
        requests=0.3,
        connections=2,
    ),
    Profile(
        name="connection_flood",
        says="Opens as many connections as it can and says nothing on them.",
        never="opens connections by the dozen without asking for anything",
        manner=Manner.HOLD,
        requests=0.5,
        connections=4,
    ),
    Profile(
        name="methods",
        says="Sends HEAD, POST, PUT, DELETE and methods that do not exist to every address.",
        never="sends anything but GET, and POST at the door",
        requests=2,
        connections=2,
    ),
    Profile(
        name="malformed",
        says="Sends broken and oversize requests, and such as two servers read differently.",
        never="sends a request that is not valid HTTP",
        requests=2,
        connections=2,
    ),
    Profile(
        name="stage_junk",
        says="Sends junk offers with made-up invitations to the stage's port.",
        never="offers a voice without an invitation",
        requests=0.5,
        connections=0.5,
        stage=True,
    ),
    Profile(
        name="mimic",
        says="Follows the player's own path, with a real ticket and pass, at ten times its speed.",
        never="plays faster than time passes",
        manner=Manner.VISIT,
        requests=3,
        connections=1,
    ),
    Profile(
        name="retry_storm",
        says="No attack: all real listeners lose their connections at once and come back.",
        never="(it is honest: nobody may be refused)",
        manner=Manner.STORM,
        requests=0,
        connections=0,
    ),
)  # fmt: skip
PROFILES: dict[str, Profile] = {profile.name: profile for profile in _ROWS}
SAYS: dict[str, str] = {name: profile.says for name, profile in PROFILES.items()} | {
    MIXTURE: "All attacks at once, each with its part of the requests and connections."
}
NAMES = (*SAYS, ALL)


class Part(msgspec.Struct, frozen=True):
    """What one profile has of an attack: requests (or openings) a second, connections."""

    profile: Profile
    requests_s: float
    connections: int


def parts(
    names: tuple[str, ...], requests_s: float, connections: int, stage: bool
) -> tuple[Part, ...]:
    """The profiles of `names` (those of the mixture, where it is among them), with what each has.

    By weight; every one has a connection at least, as long as there are that many. `stage`: whether
    its port may be attacked; profiles that need it are left out where not. So is what is honest.
    """
    mixed = MIXTURE in names
    those = [
        profile
        for profile in PROFILES.values()
        if (mixed or profile.name in names) and not profile.honest and (stage or not profile.stage)
    ]
    all_requests = sum(profile.requests for profile in those)
    all_connections = sum(profile.connections for profile in those)
    found = []
    left = connections
    for profile in those:
        most = min(left, max(1, int(connections * profile.connections / all_connections)))
        left -= most
        if most:
            found.append(Part(profile, requests_s * profile.requests / all_requests, most))
    return tuple(found)


def expanded(names: tuple[str, ...]) -> tuple[str, ...]:
    """What is played one after another: `all` stands for every profile and then the mixture."""
    found: dict[str, None] = {}
    for name in names:
        found.update(dict.fromkeys(SAYS if name == ALL else (name,)))
    return tuple(found)


def sources(count: int, first: int = 0) -> tuple[str, ...]:
    """Loopback addresses to come from: 127.16.0.0/15, spread over as many /24 as there are.

    At most 65,536; `first`: so many are somebody else's.
    """
    return tuple(
        f"127.{16 + place % 2}.{place // 2 % 256}.{1 + place // 512 % 128}"
        for place in range(first, min(65_536, first + count))
    )
