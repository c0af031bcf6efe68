"""A small XML reader for documents of strangers: no DTD, no entities, and bounds on everything.

It is expat with its handlers; names come without their namespace.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn
from xml.parsers import expat

from leeward.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Element", "read_xml"]

_DEEPEST: Final = 16
_MOST: Final = 500_000
_BETWEEN: Final = "}"


@dataclass(slots=True, repr=False)
class Element:
    """An element.

    Attributes:
        name: Without its namespace.
        attributes: Without their namespaces.
        text: What stands in it, outside its children.
        children: In order.
    """

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def child(self, name: str) -> Element:
        """The first child of a name; an empty element where there is none."""
        return next((child for child in self.children if child.name == name), Element(name))

    def all(self, name: str) -> Iterator[Element]:
        """The children of a name."""
        return (child for child in self.children if child.name == name)

    def __repr__(self) -> str:
        """How many children: names and text come from outside."""
        return f"<Element children={len(self.children)}>"


def read_xml(octets: bytes, root: str, where: str) -> Element:
    """A document as a tree.

    Args:
        octets: The document.
        root: The name that its root must have.
        where: For errors.

    Raises:
        InputError: It is none, is cut short, has a DTD, or is too deep or too large. The message
            holds nothing of it.
    """
    reader = _Reader()
    try:
        reader.parser.Parse(octets, True)
    except expat.ExpatError as error:
        raise InputError(
            f"the exchange's answer is not XML, from line {error.lineno}", where=where
        ) from None
    except _Refused as error:
        raise InputError(f"the exchange's XML {error}", where=where) from None
    if reader.root is None or reader.root.name != root:
        raise InputError("the exchange's answer is another document than asked for", where=where)
    return reader.root


class _Refused(Exception):
    """Why a document is not read, in words that follow "the XML"."""


class _Reader:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._count = 0
        self.parser = expat.ParserCreate(namespace_separator=_BETWEEN)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        # Without a DTD there are no entities but the five of XML itself, and nothing to load.
        self.parser.StartDoctypeDeclHandler = self._refuse_dtd
        self.parser.EntityDeclHandler = self._refuse_dtd
        self.parser.ExternalEntityRefHandler = self._refuse_dtd

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > _MOST or len(self._open) >= _DEEPEST:
            raise _Refused("is too deep or too large")
        plain = {_local(key): value for key, value in attributes.items()}
        element = Element(_local(name), plain)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._texts.append([])

    def _end(self, _: str) -> None:
        self._open.pop().text = "".join(self._texts.pop()).strip()

    def _text(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)

    def _refuse_dtd(self, *_: object) -> NoReturn:
        raise _Refused("has a document type, which is never read")


def _local(name: str) -> str:
    return name.rpartition(_BETWEEN)[2]
