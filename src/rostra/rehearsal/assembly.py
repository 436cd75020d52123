"""The findings of a run, put together from its steps and what its generators were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rostra.rehearsal import knee
from rostra.rehearsal.findings import (
    AttackFound,
    FaultFound,
    Findings,
    Generator,
    NightFound,
    RungFound,
    Step,
)
from rostra.rehearsal.orders import Hello, Second
from rostra.rehearsal.script import Script
from rostra.rehearsal.trouble import RehearsalTrouble
from rostra.rehearsal.wish import Wish

NOT_TESTED = (
    "listeners with more than one connection each, as browsers may open",
    "the network between this machine and the world",
)
FAULTS = ("storm", "edge-0", "packager", "stage", "control", "hog", "disk")


def generators(
    hellos: Sequence[Hello], each: Mapping[str, Sequence[Second]], here: int
) -> tuple[Generator, ...]:
    """What each was. `here`: the first so many run on the house's own machine."""
    return tuple(
        Generator(
            name=hello.name,
            key=hello.key,
            machine=hello.machine,
            cpu_most=max((second.cpu_fraction for second in each.get(hello.name, ())), default=0.0),
            late_most_ms=max(
                (second.loop_lag_ms for second in each.get(hello.name, ())), default=0.0
            ),
            same_machine=index < here,
        )
        for index, hello in enumerate(hellos)
    )


def program(wish: Wish) -> str:
    """What was run, in words."""
    parts = [] if wish.script is None else [f"the night {wish.script.name!r}"]
    if not wish.only_script:
        parts.append(f"growing crowds at the rungs {', '.join(map(str, wish.rungs))}")
        if wish.faults:
            parts.append("then faults, with three fifths of what was carried")
    if wish.attack:
        parts.append(f"attacks beside a steady crowd: {', '.join(wish.attack)}")
    return "; ".join(parts)


def ended(*whys: str) -> RehearsalTrouble:
    """The trouble of a run that cannot go on: why the house takes no more part, or why each of its
    generators went."""
    codes = {"house_silent" if why == "unreachable" else why for why in whys}
    if codes == {"withdrawn"}:
        return RehearsalTrouble("withdrawn", "the house withdrew it")
    if codes == {"house_silent"}:
        return RehearsalTrouble("house_silent", "the house did not answer any more")
    return RehearsalTrouble("broken_off", f"it could not go on ({', '.join(sorted(codes))})")


def not_tested(
    rungs: Sequence[RungFound],
    faults: Sequence[FaultFound],
    night: Script | None,
    attacks: Sequence[AttackFound],
) -> tuple[str, ...]:
    """What nobody should take for rehearsed. `night`: the script that was played."""
    broken = {one.name for one in faults}
    if night is not None:
        broken |= {one.name for one in night.faults} | ({"storm"} if night.storms else set())
    levels = [str(rung) for rung in range(4) if rung not in {row.rung for row in rungs}]
    left = [name for name in FAULTS if name not in broken]
    notes = [*NOT_TESTED]
    if levels:
        notes.append(f"service levels: {', '.join(levels)}")
    if left:
        notes.append(f"faults: {', '.join(left)}" if broken else "faults")
    if not attacks and not (night and night.attacks):
        notes.append("attacks")
    return tuple(notes)


def findings(
    wish: Wish,
    *,
    run: str,
    started: str,
    ended: str,
    generators: tuple[Generator, ...],
    steps: Sequence[Step],
    trials: Sequence[Step],
    cores: float,
    faults: Sequence[FaultFound],
    night: NightFound | None,
    attacks: Sequence[AttackFound],
    cut_short: str,
    lost: Sequence[str],
) -> Findings:
    """All of it.

    `trials`: of joining; `cores`: those that the edges may use; `lost`: generators that went away.
    """
    rungs = tuple(
        knee.rung_found(rung, [step for step in steps if step.rung == rung], cores)
        for rung in wish.rungs
        if any(step.rung == rung for step in steps)
    )
    void = ""
    if not wish.only_script and all(step.void for step in steps):
        void = "every step was void" if steps else "no step was finished"
    doubts = []
    if any(one.same_machine for one in generators):
        doubts.append("generators and house shared the cores of one machine")
    if lost:
        doubts.append(f"generators went away: {', '.join(lost)}")
    if not wish.only_script and any(found.basis == "cost" for found in rungs):
        doubts.append("what is allowed goes beyond what was seen, by the measured cost")
    return Findings(
        run=run,
        started=started,
        ended=ended,
        program=program(wish),
        generators=generators,
        steps=tuple(steps),
        rungs=rungs,
        joins_s=knee.joins([*steps, *trials]),
        faults=tuple(faults),
        night=night,
        attacks=tuple(attacks),
        void=void,
        cut_short=cut_short,
        not_tested=not_tested(rungs, faults, wish.script if night else None, attacks),
        doubts=tuple(doubts),
    )
