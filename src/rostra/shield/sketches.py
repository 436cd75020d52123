"""What does not fit into exact tables: distinct sources, and those that are refused most.

Apache DataSketches: CPC (K. J. Lang, 2017) for how many, frequent items (a space-saving variant:
Anderson et al., "A High-Performance Algorithm for Identifying Frequent Items in Data Streams", IMC
2017) for which. Both have bounds that do not grow with what they see.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from datasketches import cpc_sketch, cpc_union, frequent_items_error_type, frequent_items_sketch

LG_K = 11  # 2^11 rows: two standard deviations are 3 % of the count, about 1.5 KB on the wire
LG_HEAVY = 12  # at most 3,072 sources kept (0.75 · 2^12)
WIRE_MOST_BYTES = 8192


class SourceCount:
    """How many distinct sources; mergeable over edges."""

    def __init__(self) -> None:
        self._sketch: Any = cpc_sketch(LG_K)

    def add(self, source: bytes) -> None:
        """One source was here."""
        self._sketch.update(source.hex())

    def wire(self) -> bytes:
        """For another process; empty where nothing came."""
        return b"" if self._sketch.is_empty() else bytes(self._sketch.serialize())


def merged_count(wires: Iterable[bytes]) -> int:
    """Distinct sources over all of them. Raises ValueError on bytes that are no wire form."""
    union = cpc_union(LG_K)
    for wire in wires:
        if len(wire) > WIRE_MOST_BYTES:
            raise ValueError("larger than any sketch of sources")
        try:
            union.update(cpc_sketch.deserialize(wire) if wire else cpc_sketch(LG_K))
        except (IndexError, RuntimeError) as error:  # what the library raises on other bytes
            raise ValueError(f"no sketch of sources: {error}") from error
    return round(float(union.get_result().get_estimate()))


class Heavy:
    """The sources that were refused most among all that ever came, beyond any table's bound."""

    def __init__(self, lg_most: int = LG_HEAVY) -> None:
        self._sketch: Any = frequent_items_sketch(lg_most)

    def add(self, source: bytes, refused: int) -> None:
        """So many more refusals of one source."""
        self._sketch.update(source, refused)

    def least(self, source: bytes) -> int:
        """How often it was refused at least; 0 for one that is not kept."""
        return int(self._sketch.get_lower_bound(source))

    def worst(self, most: int) -> list[tuple[bytes, int]]:
        """Sources and their lower bounds, the worst first; none that is not certainly heavy."""
        items = self._sketch.get_frequent_items(frequent_items_error_type.NO_FALSE_POSITIVES)
        return [(bytes(item[0]), int(item[2])) for item in items[:most]]
