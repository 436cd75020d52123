"""A rehearsal on the screen: where it stands, and each step with what came of it (Rich)."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from rostra.rehearsal.findings import GENERATOR_CPU_MOST, STALLED_MOST, AttackFound, Step
from rostra.rehearsal.wish import Progress as Shown

_STEPS_SHOWN = 14


def view(shown: Shown) -> RenderableType:
    """The whole picture of this moment."""
    total_s = shown.elapsed_s + shown.left_s
    bar = Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]}"))
    bar.add_task(
        Text(shown.says).markup,
        total=max(1.0, total_s),
        completed=int(shown.elapsed_s),
        left=f"{shown.left_s / 60:.1f} min left at most",
    )
    now = Text(
        f"{shown.here:,} here, {shown.playing:,} hear; stalled {shown.stalled_share:.2%}, "
        f"join p99 {shown.join_p99_s:.1f} s; generator "
    )
    busy = shown.generator_cpu > GENERATOR_CPU_MOST
    now.append(f"{shown.generator_cpu:.0%} of a core", style="bold red" if busy else "")
    parts: list[RenderableType] = [bar, now]
    if shown.steps:
        parts.append(steps_table(shown.steps[-_STEPS_SHOWN:]))
    return Group(*parts)


def steps_table(steps: list[Step]) -> Table:
    """A row for each step."""
    table = Table(box=None, pad_edge=False)
    for name in ("rung", "listeners", "stalled", "join p99", "edges", "generator", ""):
        table.add_column(name, justify="left" if name == "" else "right")
    for step in steps:
        stalled = f"{step.stalled_share:.2%}"
        table.add_row(
            str(step.rung),
            f"{step.listeners:,}",
            Text(stalled, style="red" if step.stalled_share > STALLED_MOST else ""),
            f"{step.join_p99_s:.1f} s" if step.joined else "-",
            f"{step.edges_cpu:.2f} cores",
            f"{step.generator_cpu:.0%}",
            _outcome(step),
        )
    return table


def attacks_table(attacks: list[AttackFound]) -> Table:
    """A row for each attack: what the listeners heard, and what became of its requests."""
    table = Table(box=None, pad_edge=False)
    columns = ("attack", "stalled", "join p99", "relief", "requests/s", "served", "refused")
    for name in (*columns, "slowed", "cut off", "not taken", "open", "attacker", ""):
        table.add_column(name, justify="left" if name in ("attack", "") else "right")
    for found in attacks:
        stalled = f"{found.stalled_share:.2%}"
        asks = found.due > 0
        table.add_row(
            found.name,
            Text(stalled, style="red" if found.stalled_share > STALLED_MOST else ""),
            f"{found.join_p99_s:.1f} s" if found.joined else "-",
            "never" if found.relief_s is None else f"{found.relief_s:.0f} s",
            f"{found.due / max(1.0, found.seconds):,.0f}" if asks else "-",
            *(
                f"{number / found.due:.0%}" if asks else "-"
                for number in (found.served, found.refused, found.slow, found.dropped, found.held)
            ),
            f"{found.open:,}" if asks else "-",
            f"{found.cpu:.0%}" if asks else "-",
            Text(f"void: {found.void}" if found.void else found.why, style="yellow"),
        )
    return table


def _outcome(step: Step) -> Text:
    if step.void:
        return Text(f"void: {step.void}", style="yellow")
    if step.carried:
        return Text("carried", style="green")
    return Text(f"not carried: {step.reason}", style="red")
