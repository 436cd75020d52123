"""What the operator asked of the shield: mode, dry run, prefixes to let in or keep out."""

from __future__ import annotations

import msgspec

from rostra.ground.refusals import Refusal, Refused
from rostra.shield.sources import Networks, SourceInvalid, read_network

MODES = ("auto", "attack", "off")
PREFIXES_MOST = 256  # in each list
WIDEST = {4: 8, 6: 16}  # bits of the widest prefix: whoever means everybody wants a mode


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """`mode`, `dry_run`: None for as in the settings. A change is another value; see `checked`.

    `allow`: never judged. `deny`: kept out always; what is in both is let in.
    """

    mode: str | None = None
    dry_run: bool | None = None
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def allowing(self, text: str) -> Orders:
        """One more prefix that is never judged, and not kept out. Raises Refused."""
        name = prefix(text)
        deny = tuple(one for one in self.deny if one != name)
        return checked(self, allow=_with(self.allow, name), deny=deny)

    def denying(self, text: str) -> Orders:
        """One more prefix that is kept out, and not let in. Raises Refused."""
        name = prefix(text)
        allow = tuple(one for one in self.allow if one != name)
        return checked(self, deny=_with(self.deny, name), allow=allow)

    def forgetting(self, text: str) -> Orders:
        """The prefix is judged as any other again. Raises Refused."""
        name = prefix(text)
        if name not in self.allow and name not in self.deny:
            raise Refused(
                Refusal("no_such_prefix", 404, f"{name} is neither allowed nor denied; see status.")
            )
        return msgspec.structs.replace(
            self,
            allow=tuple(one for one in self.allow if one != name),
            deny=tuple(one for one in self.deny if one != name),
        )


def checked(orders: Orders, **fields: object) -> Orders:
    """The orders with other fields, all in order. Raises Refused."""
    changed = msgspec.structs.replace(orders, **fields)
    if changed.mode is not None and changed.mode not in MODES:
        raise Refused(Refusal("bad_mode", 422, f"The mode is one of {', '.join(MODES)}."))
    for texts in (changed.allow, changed.deny):
        if len(texts) > PREFIXES_MOST:
            raise Refused(
                Refusal("too_many_prefixes", 409, f"A list holds at most {PREFIXES_MOST} prefixes.")
            )
    return msgspec.structs.replace(
        changed,
        allow=tuple(dict.fromkeys(map(prefix, changed.allow))),
        deny=tuple(dict.fromkeys(map(prefix, changed.deny))),
    )


def prefix(text: str) -> str:
    """A prefix in the one form it is kept in. Raises Refused."""
    try:
        network = read_network(text)
    except SourceInvalid as error:
        raise Refused(Refusal("bad_prefix", 422, f"{error}.")) from None
    if network.prefixlen < WIDEST[network.version]:
        raise Refused(
            Refusal(
                "prefix_too_wide",
                422,
                f"{network} is wider than /{WIDEST[network.version]}. To let everybody in, "
                "set the mode to off.",
            )
        )
    return str(network).removesuffix("/32") if network.version == 4 else str(network)


def inside(text: str) -> Networks:
    """The sources of one address or prefix, of any width. Raises Refused."""
    try:
        return Networks((text,))
    except SourceInvalid as error:
        raise Refused(Refusal("bad_prefix", 422, f"{error}.")) from None


def _with(texts: tuple[str, ...], name: str) -> tuple[str, ...]:
    return texts if name in texts else (*texts, name)
