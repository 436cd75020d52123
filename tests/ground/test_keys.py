from rostra.ground.keys import KeyRing, key_id


def test_a_ring_signs_with_its_newest_key_and_finds_the_older_ones_by_name() -> None:
    new, old = bytes([1]) * 32, bytes([2]) * 32
    ring = KeyRing((new, old))
    assert ring.newest == new
    assert ring.find(key_id(old)) == old
    assert ring.find("00000000") is None


def test_a_keys_name_does_not_tell_the_key() -> None:
    key = bytes(range(32))
    assert key_id(key) not in key.hex()
    assert key_id(key) != key_id(bytes(32))
