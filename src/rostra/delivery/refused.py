"""The edge's refusals: every no it can say, each with a stable code."""

from __future__ import annotations

from rostra.ground.refusals import Refusal

REQUEST_INVALID = Refusal("request_invalid", 400, "This is not a valid HTTP/1.1 request.")
TARGET_INVALID = Refusal("target_invalid", 400, "The address holds characters that it must not.")
TARGET_TOO_LONG = Refusal("target_too_long", 414, "The address is longer than 2 KiB.")
HEADERS_TOO_LARGE = Refusal(
    "headers_too_large", 431, "The header has more than 16 KiB or 128 fields."
)
REQUEST_TIMEOUT = Refusal("request_timeout", 408, "The request was not complete in time.")
BODY_NOT_ACCEPTED = Refusal(
    "body_not_accepted", 413, "Requests here carry no body. Send this one without."
)
METHOD_NOT_ALLOWED = Refusal(
    "method_not_allowed", 405, "Only GET, HEAD and OPTIONS are answered here."
)
NOT_FOUND = Refusal("not_found", 404, "There is nothing at this address.")
EVENT_UNKNOWN = Refusal("event_unknown", 404, "There is no such event. Check the link.")
HLS_QUERY_INVALID = Refusal(
    "hls_query_invalid", 400, "_HLS_msn and _HLS_part are whole numbers, _HLS_skip is YES or v2."
)
PART_WITHOUT_MSN = Refusal("part_without_msn", 400, "_HLS_part needs _HLS_msn.")
MSN_TOO_FAR = Refusal(
    "msn_too_far", 400, "That media sequence number or part is too far in the future."
)
PLAYLIST_STALLED = Refusal(
    "playlist_stalled", 503, "Nothing new came for three target durations. Try again."
)
HOUSE_BUSY = Refusal("house_busy", 503, "As many requests are waiting as fit. Try again shortly.")
HOUSE_FULL = Refusal("connections_full", 503, "This server has no free connection. Try again.")
CLOSING = Refusal("edge_closing", 503, "This server is being restarted. Try again.")
RANGE_NOT_SATISFIABLE = Refusal(
    "range_not_satisfiable", 416, "The range lies outside of what there is."
)
PASS_OVERUSED = Refusal(
    "pass_overused", 429, "This pass is used in too many places at once. Wait a little."
)
NO_REHEARSAL = Refusal("no_rehearsal", 404, "This house consents to no rehearsal now.")

ALL: tuple[Refusal, ...] = (
    REQUEST_INVALID, TARGET_INVALID, TARGET_TOO_LONG, HEADERS_TOO_LARGE, REQUEST_TIMEOUT,
    BODY_NOT_ACCEPTED, METHOD_NOT_ALLOWED, NOT_FOUND, EVENT_UNKNOWN, HLS_QUERY_INVALID,
    PART_WITHOUT_MSN, MSN_TOO_FAR, PLAYLIST_STALLED, HOUSE_BUSY, HOUSE_FULL, CLOSING,
    RANGE_NOT_SATISFIABLE, PASS_OVERUSED, NO_REHEARSAL,
)  # fmt: skip
