"""The shield: the crowd gets through while the attack does not (docs/decisions/0010-shield.md)."""
