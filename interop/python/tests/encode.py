"""Writes core deterministic CBOR (section 1 of the record format) for the bundles that the tests make."""

from typing import Any

Item = int | bytes | str | list[Any] | dict[Any, Any] | None


def cbor(item: Item) -> bytes:
    if item is None:
        return b"\xf6"
    if isinstance(item, int):
        return _head(0, item) if item >= 0 else _head(1, -1 - item)
    if isinstance(item, bytes):
        return _head(2, len(item)) + item
    if isinstance(item, str):
        raw = item.encode("utf-8")
        return _head(3, len(raw)) + raw
    if isinstance(item, list):
        return _head(4, len(item)) + b"".join(map(cbor, item))
    return _head(5, len(item)) + b"".join(cbor(k) + cbor(v) for k, v in sorted(item.items()))


def _head(major: int, value: int) -> bytes:
    if value < 24:
        return bytes([major << 5 | value])
    for short, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 1 << (8 * width):
            return bytes([major << 5 | short]) + value.to_bytes(width, "big")
    raise ValueError(f"{value} needs more than 64 bits")
