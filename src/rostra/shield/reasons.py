"""Why the shield does what it does: each code once, with what it means.

A code is the metric's label, the ledger's word and the `reason` of a ban.
"""

from __future__ import annotations

from rostra.ground.refusals import Refusal

# Refusals of an edge that are the shield's; each code is also a reason.
SOURCE_SPENT = Refusal(
    "source_spent", 429, "Too many requests come from this network just now. Wait a little."
)
CONNECTION_SPENT = Refusal(
    "connection_spent", 429, "Too many requests came on this connection. Wait a little."
)
SOURCE_BANNED = Refusal(
    "source_banned", 429, "This network is kept out for a while. Wait, or ask the organiser."
)
CONNECTIONS_CROWDED = Refusal(
    "connections_crowded", 503, "Room is left for those inside only. Try again in a moment."
)
CHALLENGE_REQUIRED = Refusal(
    "challenge_required", 403, "Solve the challenge for a ticket; the page does it by itself."
)
CHALLENGE_FAILED = Refusal(
    "challenge_failed", 403, "The challenge was not solved, or was used before. Ask for another."
)
CHALLENGE_WAITS = Refusal(
    "challenge_waits", 403, "Your place is kept. Ask again when the time to wait is over."
)
SHIELD_FAILED = Refusal(
    "shield_failed", 503, "No new tickets for a moment. Those inside go on listening. Try again."
)

ALL: tuple[Refusal, ...] = (
    SOURCE_SPENT, CONNECTION_SPENT, SOURCE_BANNED, CONNECTIONS_CROWDED, CHALLENGE_REQUIRED,
    CHALLENGE_FAILED, CHALLENGE_WAITS, SHIELD_FAILED,
)  # fmt: skip

# Reasons that are no refusal's own code: why a source is suspected or banned.
REASONS: dict[str, str] = {
    "overspent": "asked for many times what its listeners need, and went on when it was refused",
    "garbage": "sent what is no valid request, again and again",
    "no_pass": "asked for media without a pass that holds, again and again",
    "pass_replayed": "used one pass from many places",
    "unsolved": "failed challenges and never solved one",
    "nonce_invented": "showed a proof of listening that no media carried",
    "path_strange": "does not ask as a player asks",
    "decoy": "followed a link that no person sees",
    "slow_head": "sent its requests too slowly to be a browser",
    "slow_read": "read its answers too slowly to hear them",
    "idle_flood": "held many connections without using them",
    "operator": "an operator denied it",
}

# Why the pressure is as it is (pressure.py).
PRESSURE: dict[str, str] = {
    "demand_unexplained": "more is asked for than the listeners who come and stay explain",
    "refusals_many": "much is refused, and goes on being asked for",
    "edges_suffer": "edges are busy or late, and not with listeners",
    "calm": "nothing unusual for half a minute",
    "operator": "an operator said so",
    "before": "it was so before control's shield began anew",
}
