"""What the stage changes in session descriptions (SDP, RFC 8866) before and after aiortc."""

from __future__ import annotations

import ipaddress
import re

LISTEN_RATE_BIT_S = 64_000

_OPUS = re.compile(r"^a=rtpmap:(\d+) opus/48000/2\s*$", re.IGNORECASE | re.MULTILINE)
_CANDIDATE = re.compile(
    r"^(a=candidate:\S+ \d+ udp )(\d+) (\S+)( \d+ typ host.*)$", re.IGNORECASE | re.MULTILINE
)


def offers_opus(offer: str) -> bool:
    """Whether there is anything in the offer the stage can hear."""
    return re.search(r"^m=audio ", offer, re.MULTILINE) is not None and bool(_OPUS.search(offer))


def cleaned_offer(offer: str) -> str:
    """The offer without candidates the stage cannot use, and never complete.

    Names ending in `.local` would be asked for by multicast on the server's own network; TCP is
    not listened for. Without `end-of-candidates` ICE goes on waiting for the browser's own checks,
    which come from an address that no candidate may have named (RFC 8445 7.3.1.3).
    """
    kept = []
    for line in offer.splitlines():
        if line.startswith("a=end-of-candidates"):
            continue
        if line.startswith("a=candidate:"):
            fields = line.split()
            if len(fields) < 8 or fields[2].lower() != "udp" or fields[4].endswith(".local"):
                continue
        kept.append(line)
    return "\r\n".join(kept) + "\r\n"


def with_fec(answer: str) -> str:
    """The answer, asking the sender for mono with in-band FEC at a rate that has room for it.

    RFC 7587 6.1; a browser sends no FEC unless the answer says `useinbandfec=1`. At 64 kbit/s
    libopus spends bits on FEC from 1 % of loss on, at 32 kbit/s only from about 10 %.
    """
    found = _OPUS.search(answer)
    if found is None:
        return answer
    number = found.group(1)
    kept = re.sub(rf"^a=fmtp:{number} .*\r?\n", "", answer, flags=re.MULTILINE)
    wish = (
        f"a=rtpmap:{number} opus/48000/2\r\na=fmtp:{number} minptime=10;useinbandfec=1;stereo=0;"
        f"maxaveragebitrate={LISTEN_RATE_BIT_S}"
    )
    return _OPUS.sub(wish, kept, count=1)


def with_public_address(answer: str, public_ip: str) -> str:
    """The answer with one more host candidate for each port: the address that NAT shows outside.

    Raises ValueError if `public_ip` is not an IP address.
    """
    version = ipaddress.ip_address(public_ip).version
    named: set[str] = set()

    def double(found: re.Match[str]) -> str:
        line = found.group(0).rstrip("\r")
        try:
            if ipaddress.ip_address(found.group(3)).version != version:
                return line
        except ValueError:
            return line
        rest = found.group(4).rstrip("\r")
        if rest in named:
            return line
        named.add(rest)
        priority = max(1, int(found.group(2)) - 1)
        return f"{line}\r\n{found.group(1)}{priority} {public_ip}{rest}"

    return "\r\n".join(_CANDIDATE.sub(double, line) for line in answer.splitlines()) + "\r\n"
