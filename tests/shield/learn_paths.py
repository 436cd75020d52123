"""`python -m tests.shield.learn_paths`: makes the model of paths that comes with Rostra.

From virtual listeners at a pretended house, people who press "back" again and again, and browsers
that were recorded (`python -m tests.live.browser_paths tests/shield/browser_paths.json` adds an
evening). To be run after the player, the listeners' law or what counts as a class has changed.
"""

from __future__ import annotations

from pathlib import Path

from tests.shield.walkers import hammering, players, recorded, text_of

from rostra.shield import path
from rostra.shield.path_model import PathModel, learn, write

SHIPPED = Path(path.__file__).with_name("path_model.json")
SEEDS = (1, 2)
BACK_S = (0.001, 0.01, 0.03, 0.1, 0.3)
LEARNT_FROM = "virtual listeners and browsers, as it comes with Rostra"


def listeners() -> PathModel:
    """Of virtual listeners alone."""
    return learn([text_of(w) for s in SEEDS for _, walks in players(s) for w in walks], "")


def shipped(beside: PathModel, without: str = "nothing") -> PathModel:
    """The whole of it; `without`: an evening of browsers, or all browsers at a distance."""
    walks = [walk for name, each in recorded().items() if without not in name for walk in each]
    walks += [text_of(steps) for steps in hammering(3, BACK_S)]
    return learn(walks, LEARNT_FROM, beside)


if __name__ == "__main__":
    model = shipped(listeners())
    SHIPPED.write_bytes(write(model))
    print(f"{SHIPPED}: {model.floor=} {model.quickest_s=} {len(model.samples)} samples")
