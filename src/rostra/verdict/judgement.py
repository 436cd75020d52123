"""The judgement: one word, how sure it is, and why it is not surer.

Each draw of what is not known is judged by the truth table (docs/decisions/0012-verdict.md); a draw
whose own night does not come out as the ledger saw it counts less. A word is said where its
calibrated probability reaches the threshold and neither end of the capacity nor what nobody
reported turns it; otherwise UNDETERMINED, with reasons as codes (`REASONS`).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec
import numpy as np

from rostra.verdict.counterfactual import CAUSES, Drawn, draw, harms, observed, shapley, subset
from rostra.verdict.onset import order
from rostra.verdict.readings import Floats, Night
from rostra.verdict.thresholds import MODEL, Thresholds

Word: TypeAlias = Literal[
    "ATTACK", "NOT READY", "BOTH NEEDED", "EITHER SUFFICED", "FAULT", "NO HARM", "UNDETERMINED"
]
WORDS: tuple[Word, ...] = (
    "ATTACK", "NOT READY", "BOTH NEEDED", "EITHER SUFFICED", "FAULT", "NO HARM", "UNDETERMINED",
)  # fmt: skip
ACCUSING = frozenset({"ATTACK", "BOTH NEEDED", "EITHER SUFFICED"})
REASONS: dict[str, str] = {
    "close": "two answers are about as likely",
    "capacity_flips": "within the capacity's interval, the answer changes",
    "missing_flips": "what nobody reported could change the answer",
    "unexplained": "no cause that was recorded explains what listeners met",
    "attack_uncertain": "the attack may have been too small to count",
    "no_records": "nothing was recorded",
    "no_certificate": "no rehearsal said what the house bears",
    "certificate_lapsed": "the rehearsal was of another house than that of the night",
    "edge_silent": "an edge never reported",
    "house_silent": "for part of the night, nobody wrote down how many waited",
    "retries_amplified": "people who asked again made it what it was",
    "operator_act": "the operator took part of the capacity",
}
DRAWS = 200
FIT_SPREAD = 0.5  # of the log of a night's harm, as drawn over as seen
MODEL_SPREAD = 0.3  # of the log of a subset's harm: the house of the model is a simple one
SEEN_SPREAD = 0.12  # of the log of the harm as seen
# What a word's share of the draws was worth on nights with known truth (bench/verdict_nights.py,
# the seeds for tuning): share and probability, straight between.
CALIBRATION = (
    (0.0, 0.0), (0.45, 0.42), (0.6, 0.62), (0.75, 0.68), (0.86, 0.7), (0.93, 0.81), (0.975, 0.85),
    (0.995, 0.955), (1.0, 0.98),
)  # fmt: skip


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. Harm in listener-minutes; all figures are rounded to six digits.

    `probability`: of the word (of UNDETERMINED: of the `likeliest` other). `probabilities`: each
    word's share of the draws. `threshold`: harm from which it is called so. `without_attack`: harm
    of the night without the attack; `within_promise`: with a crowd within the promise and no fault;
    each with its 95 % interval. `shares` (Shapley) of crowd, attack, retries, fault. `onsets`:
    seconds from the begin. `start_delay_s`: of the first speech, None if it was not recorded.
    """

    word: Word
    probability: float
    likeliest: Word
    probabilities: dict[str, float]
    reasons: tuple[str, ...]
    harm: float
    threshold: float
    without_attack: tuple[float, float, float]
    within_promise: tuple[float, float, float]
    shares: dict[str, float]
    attack_places: tuple[float, float, float]  # at its height, in places of the house
    onsets: tuple[tuple[str, int], ...]
    start_delay_s: float | None
    model: str = MODEL


def words(found: Floats, threshold: float) -> list[Word | None]:
    """The truth table over draws: `found` of shape (16, draws); None where nothing explains."""

    def bad(*causes: str) -> list[bool]:
        return [bool(v) for v in found[subset(*causes)] >= threshold]

    table = zip(
        bad("attack", "retries"),
        bad("crowd", "retries"),
        bad("crowd", "fault", "retries"),
        bad(*CAUSES),
        strict=True,
    )
    return [_word(*row) for row in table]


def _word(attack: bool, crowd: bool, own: bool, every: bool) -> Word | None:
    if not every:
        return None
    if attack:
        return "EITHER SUFFICED" if own else "ATTACK"
    if not own:
        return "BOTH NEEDED"
    return "NOT READY" if crowd else "FAULT"


def calibrated(share: float) -> float:
    """The probability that a word with this share of the draws is right."""
    table = np.array(CALIBRATION)
    return float(np.interp(share, table[:, 0], table[:, 1]))


def judge(night: Night, thresholds: Thresholds, seed: int, draws: int = DRAWS) -> Verdict:
    """The verdict of a night; the same from the same night, thresholds, seed and draws."""
    n = night.people.size
    if n == 0 or night.seen.sum() == 0:
        return _nothing(night)
    chance = np.random.Generator(np.random.PCG64(seed))
    promise = thresholds.promise_permille / 1000
    drawn = draw(night, draws, promise, chance)
    found = harms(drawn)
    seen = observed(drawn)
    harm = float(np.median(seen))
    threshold = harm_threshold(thresholds, drawn)
    harm_drawn = seen * np.exp(SEEN_SPREAD * chance.standard_normal(draws))
    blurred = found * np.exp(MODEL_SPREAD * chance.standard_normal(found.shape))
    blurred[-1] = np.maximum(blurred[-1], blurred[:-1].max(0))
    told = words(blurred, threshold)
    apart = np.log((found[-1] + threshold) / (harm_drawn + threshold))
    weight = np.exp(-0.5 * (apart / FIT_SPREAD) ** 2) + 1e-9
    fits = float(weight.mean())
    weight /= weight.sum()
    shares = dict.fromkeys(WORDS, 0.0)
    for i, why in enumerate(told):
        shares["NO HARM" if harm_drawn[i] < threshold else why or "UNDETERMINED"] += weight[i]
    likeliest = max(WORDS[:-1], key=lambda word: shares[word])
    probability = calibrated(shares[likeliest])
    reasons = _against(night, thresholds, drawn, found, weight, threshold, likeliest)
    if likeliest != "NO HARM" and (shares["UNDETERMINED"] > 0.5 or fits < 0.05):
        reasons.append("unexplained")
    decided = probability >= thresholds.decided_permille / 1000
    if not decided and not reasons:
        reasons.append("close")
    word: Word = likeliest if decided and not reasons else "UNDETERMINED"
    height = drawn.attack.max(1) if n else np.zeros(draws)
    return Verdict(
        word=word,
        probability=rounded(probability),
        likeliest=likeliest,
        probabilities={name: round(float(shares[name]), 4) for name in WORDS},
        reasons=(*reasons, *_remarks(night, found, threshold, weight)),
        harm=rounded(harm),
        threshold=rounded(threshold),
        without_attack=interval(found[subset("crowd", "retries", "fault")], weight),
        within_promise=interval(found[subset("attack", "retries")], weight),
        shares=dict(zip(CAUSES, map(rounded, shapley(found @ weight).tolist()), strict=True)),
        attack_places=interval(height, weight),
        onsets=_onsets(night, drawn),
        start_delay_s=night.first_s,
    )


def harm_threshold(thresholds: Thresholds, drawn: Drawn) -> float:
    """Listener-minutes from which it is called harm, by the likeliest number of people."""
    people = drawn.people[0]
    share = thresholds.harm_permille / 1000 * float(people.sum()) * drawn.step_s / 60
    each = thresholds.harm_each_s / 60 * float(people.max())
    return max(1.0, min(share, each))


def rounded(value: float) -> float:
    """To six significant digits."""
    return float(f"{value:.6g}")


def interval(values: Floats, weight: Floats) -> tuple[float, float, float]:
    """Weighted median, and the ends of the 95 % interval."""
    by = np.argsort(values, kind="stable")
    at = np.cumsum(weight[by])
    middle, low, high = (
        rounded(float(values[by][min(int(np.searchsorted(at, q)), values.size - 1)]))
        for q in (0.5, 0.025, 0.975)
    )
    return middle, low, high


def _against(
    night: Night,
    thresholds: Thresholds,
    drawn: Drawn,
    found: Floats,
    weight: Floats,
    threshold: float,
    likeliest: Word,
) -> list[str]:
    """Why the likeliest word may not be said, whatever its probability."""
    why = []
    missing = night.house_missing > 1 - thresholds.seen_permille / 1000
    unseen = 1 - float((night.seen + (1 - night.seen) * (night.fault > 0)).mean())
    if missing or unseen > 1 - thresholds.seen_permille / 1000:
        why.append("missing_flips")
    if likeliest == "NO HARM":
        return why
    _, low, high = interval(drawn.capacity, weight)
    ends = found[:, [int(np.argmin(np.abs(drawn.capacity - end))) for end in (low, high)]]
    if any(word not in (None, likeliest) for word in words(ends, threshold)):
        why.append("capacity_flips")
    if likeliest in ACCUSING:
        least = thresholds.attack_permille / 1000 * night.capacity.point
        if interval(drawn.attack.max(1), weight)[1] < least:
            why.append("attack_uncertain")
    return why


def _remarks(night: Night, found: Floats, threshold: float, weight: Floats) -> list[str]:
    """What a reader has to know, and that turns nothing by itself."""
    said = []
    if night.basis != "certificate":
        said.append("no_certificate" if night.basis == "none" else "certificate_lapsed")
    if night.silent:
        said.append("edge_silent")
    if night.house_missing > 0.01:
        said.append("house_silent")
    calm = float(found[subset("crowd", "attack", "fault")] @ weight)
    if calm < threshold <= float(found[-1] @ weight):
        said.append("retries_amplified")
    if night.act.max(initial=0.0) > 0:
        said.append("operator_act")
    return said


def _onsets(night: Night, drawn: Drawn) -> tuple[tuple[str, int], ...]:
    size = night.capacity.point
    attack = np.repeat(drawn.attack[0], drawn.step_s)[: night.people.size]
    over = np.maximum(0.0, night.people - drawn.promised)
    short = np.maximum(0.0, night.people - night.inside) + night.stalled
    return order(
        {
            "crowd": (over, 0.02 * size),
            "attack": (attack, 0.02 * size),
            "retries": (night.retries, 0.02 * size),
            "fault": (night.fault + night.act, 0.02),
            "harm": (short, 0.02 * size),
        }
    )


def _nothing(night: Night) -> Verdict:
    none = (0.0, 0.0, 0.0)
    return Verdict(
        word="UNDETERMINED",
        probability=0.0,
        likeliest="NO HARM",
        probabilities={},
        reasons=("no_records",),
        harm=0.0,
        threshold=0.0,
        without_attack=none,
        within_promise=none,
        shares={},
        attack_places=none,
        onsets=(),
        start_delay_s=night.first_s,
    )
