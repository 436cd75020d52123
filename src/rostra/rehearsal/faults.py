"""Faults: which there are, and what one did to those who listened."""

from __future__ import annotations

from collections.abc import Sequence

from rostra.rehearsal.findings import STALLED_MOST, FaultFound
from rostra.rehearsal.orders import Second

STORM = "storm"  # everybody drops at once: the generators do that, not this machine
EDGE, PACKAGER, STAGE, CONTROL = "edge-0", "packager", "stage", "control"
KILLED = (EDGE, PACKAGER, STAGE, CONTROL)
HOG, DISK = "hog", "disk"

SAYS = {
    STORM: "every listener lost the connection at once",
    EDGE: "an audience process was killed",
    PACKAGER: "the packager was killed",
    STAGE: "the stage process was killed",
    CONTROL: "control was killed",
    HOG: "another program took all cores for ten seconds",
    DISK: "another program wrote to the disk for ten seconds",
}
MISSED_MOST = 0.005  # of those who heard before it, who may have left in the meantime


def found(
    name: str, seconds: Sequence[Second], at_s: float, voice_gone_s: float = 0.0
) -> FaultFound:
    """What the fault `name` of the moment `at_s` did; `seconds` from a little before it until all
    that is known, in order.

    All is well while no more are silent than in the worst second before, or than a carried step may
    have, and while all who heard are there. `recovered_s` is the moment from which that held to
    the end; None where it does not. `voice_gone_s`: no voice reached the stage for so long, so that
    everybody heard silence, whatever the edges did.
    """
    before = [second for second in seconds if second.at_s <= at_s]
    after = [second for second in seconds if second.at_s > at_s]
    listeners = before[-1].playing if before else 0
    quiet = max((second.stalled for second in before), default=0)
    quiet_most = max(quiet, int(STALLED_MOST * listeners))
    there_least = listeners * (1 - MISSED_MOST)

    def well(second: Second) -> bool:
        return second.stalled <= quiet_most and second.playing >= there_least

    recovered_s: float | None = None
    if after and well(after[-1]):
        ill = [second.at_s - at_s for second in after if not well(second)]
        recovered_s = max(ill[-1] if ill else 0.0, voice_gone_s)
    stalled = max((second.stalled for second in after), default=0)
    silent_s = sum(second.silent_s for second in after) / max(1, listeners)
    return FaultFound(
        name=name,
        says=SAYS.get(name, name),
        listeners=listeners,
        stalled=listeners if voice_gone_s else min(listeners, stalled),
        silent_s=silent_s + voice_gone_s,
        recovered_s=recovered_s,
    )
