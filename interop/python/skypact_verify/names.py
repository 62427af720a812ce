"""The forms of party names, channel names, origins, prefixes and labels: section 2 of the record format."""

import re
import unicodedata

from skypact_verify.refusal import Refused

# \Z and not $: the latter would allow a newline after the name.
PARTY = re.compile(r"[A-Z0-9-]{1,32}\Z")
CHANNEL = re.compile(r"[a-z0-9-]{1,48}\Z")
ORIGIN = re.compile(r"[A-Za-z0-9._/-]{1,128}\Z")

PREFIX_MAX = 63
LABEL_MAX = 64
LOG_CLASSES = ("routine", "urgent")


def is_party(name: str) -> bool:
    return PARTY.match(name) is not None


def is_channel(name: str) -> bool:
    return CHANNEL.match(name) is not None


def is_origin(name: str) -> bool:
    return ORIGIN.match(name) is not None and not name.startswith("/") and not name.endswith("/")


def is_prefix(name: str) -> bool:
    """An origin prefix of a party: an origin of at most 63 bytes without `/`."""
    return is_origin(name) and len(name) <= PREFIX_MAX and "/" not in name


def is_label(label: str) -> bool:
    """Control characters are the general category Cc, which is exactly U+0000-U+001F and U+007F-U+009F."""
    if not 1 <= len(label.encode("utf-8")) <= LABEL_MAX:
        return False
    if label.startswith(" ") or label.endswith(" "):
        return False
    return all(unicodedata.category(c) != "Cc" for c in label)


def origin_of_log(prefix: str, channel: str, log_class: int) -> str:
    return f"{prefix}/{channel}/{LOG_CLASSES[log_class]}"


def mirror_name(prefix: str) -> str:
    return f"{prefix}/mirror"


def require(fits: bool, field: str, name: str, form: str) -> None:
    """Refuses a name that does not have its form."""
    if not fits:
        raise Refused("object-malformed", f"field {field}: {name!a} is no {form}")
