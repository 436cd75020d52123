"""What is done for a client costs, in units: one unit is one small answer from prepared bytes.

Sizes count too (`Prepared.price`): a source that only ever fetches the largest file must run out
sooner. The weights are CPU time as measured (docs/decisions/0010-shield.md).
"""

from __future__ import annotations

SIGNED = 3.0  # a ticket or pass
BROKEN = 5.0  # a request that cannot be read, and ends its connection
CHALLENGED = 4.0  # a challenge was made and signed; who solves it explains it
WAITING = 30.0  # a voucher for who waits instead of solving a challenge
OPENED = 2.0  # a new connection
DECOY = 100.0
