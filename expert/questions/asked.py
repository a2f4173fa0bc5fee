"""What a question is about, read from words: `gluteus medius:left:underactive`, `pattern:stiff-ankle-knee:left`, `flag:cauda-equina`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from expert.errors import UsageError
from expert.model import AXIS_OF, KnowledgeBase
from expert.words import Found, Unclear, normal, side_word

KINDS = ("muscle", "pattern", "flag", "prediction")
_BOTH = ("left", "right")
_LONGEST = 120  # no name is longer, and guessing at what long words may mean takes long


@dataclass(frozen=True, slots=True)
class Asked:
    """kind: muscle | pattern | flag | prediction. `ids`: what the words name, a group muscle by muscle. state "": any."""

    kind: str
    name: str
    ids: tuple[str, ...]
    sides: tuple[str, ...]
    state: str


def read(words: str, kb: KnowledgeBase, side: str | None = None, state: str | None = None, kinds: Sequence[str] = KINDS) -> Asked:
    """Read what is asked about; side and state may stand in the words. Raises UsageError with what may have been meant."""
    if len(words) > _LONGEST:
        raise UsageError(f"'{words[:30]}...' is longer than any name: at most {_LONGEST} characters")
    kind, name, *rest = _parts(words)
    if len(rest) > 2 or (rest and (side or state)):
        raise UsageError(f"'{words}': write MUSCLE:SIDE:STATE, for example 'gluteus medius:left:underactive'")
    side, state = (rest[0] if rest else side), (rest[1] if len(rest) > 1 else state)
    if state is not None and state not in AXIS_OF:
        raise UsageError(f"unknown state '{state}'; it is one of {', '.join(AXIS_OF)}")
    kind, found = _named(kind, name, kb, kinds)
    members = kb.members(found) if kind in ("muscle", "prediction") else (found,)
    return Asked(kind, found, members, (_side(side),) if side else _BOTH, state or "")


def _parts(words: str) -> list[str]:
    """[kind or "", name, side, state] of what is written with colons; empty parts at the end are left out."""
    parts = [p.strip() for p in words.split(":")]
    kind = parts.pop(0) if len(parts) > 1 and parts[0].casefold() in (*KINDS, "hypothesis") else ""
    return ["muscle" if kind.casefold() == "hypothesis" else kind.casefold(), *parts]


def _side(words: str) -> str:
    side = side_word(words)
    if side not in _BOTH:
        raise UsageError(f"'{words}' is no side of a muscle: say left or right")
    return side


def _named(kind: str, name: str, kb: KnowledgeBase, kinds: Sequence[str]) -> tuple[str, str]:
    """The one kind and id that a name has."""
    if kind and kind not in kinds:
        raise UsageError(f"'{kind}:{name}': this question is about {' or '.join(kinds)}")
    tried = (kind,) if kind else tuple(k for k in kinds if k != "prediction")
    found = [(k, i) for k in tried if (i := _id(k, name, kb))]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"'{name}' names more than one thing: say {' or '.join(f'{k}:{i}' for k, i in found)}")
    near = [n for k in tried for n in _near(k, name, kb)]
    meant = f", did you mean {' or '.join(repr(n) for n in near[:3])}?" if near else ""
    raise UsageError(f"unknown {tried[0] if len(tried) == 1 else f'{tried[0]} ' + 'or ' + ' or '.join(tried[1:])} '{name}'{meant}")


def _id(kind: str, name: str, kb: KnowledgeBase) -> str:
    """What a name means as a thing of one kind, or ""."""
    if kind == "prediction":
        meant = [n.id for n in kb.nodes.values() if normal(name) in (normal(n.id), normal(n.name))]
        if meant:
            return meant[0]
        kind = "muscle"
    found = kb.words.read(kind, name)
    if isinstance(found, Unclear):
        raise UsageError(f"'{name}' can be read in more than one way: {', '.join(found.near)}; say which")
    return found.reading.id if isinstance(found, Found) else ""


def _near(kind: str, name: str, kb: KnowledgeBase) -> tuple[str, ...]:
    if kind == "prediction":
        return tuple(get_close_matches(name, kb.nodes))
    found = kb.words.look_up(kind, name)
    return found.near if isinstance(found, Unclear) else ()
