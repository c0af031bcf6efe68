"""Records of Bluesky's lexicons as fields of an event, one function a collection.

Whoever writes a record chooses what is in it. What an event cannot do without (whom a follow
follows) must be sound, or the record is refused. Any other part that is not as the lexicon has
it, or over the model's bounds, is left out and named in ``extra.left_out``: a post with one bad
link must neither vanish nor take the rest of its context with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from leeward.connectors._atproto import sha256_of_blob
from leeward.model import Kind, bounds, fold_tag

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COLLECTIONS", "DID_PATTERN", "BadRecordError", "Draft"]

DID_PATTERN: Final = r"^did:[a-z]{1,32}:[A-Za-z0-9._:%-]{1,512}\Z"

_DID: Final = re.compile(DID_PATTERN)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_FACET: Final = "app.bsky.richtext.facet#"
_EMBED: Final = "app.bsky.embed."
_MAX_NAME: Final = 1_000
_MAX_LABELS: Final = 32


class BadRecordError(Exception):
    """A record lacks what its event cannot do without.

    Args:
        part: The part of the record at fault.
    """

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.part = part


@dataclass(slots=True, repr=False)
class Draft:
    """The fields of an event in the making.

    Attributes:
        did: The account whose record it is.
        fields: Fields of the event.
        extra: Its ``extra``.
        left_out: Parts of the record that are not in the event.
    """

    did: str
    fields: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    _held: dict[str, set[str]] = field(default_factory=dict)

    def add(self, name: str, key: str, value: Any, most: int, part: str) -> None:
        """Append to a list of the event, up to its bound, unless ``key`` is there already."""
        held = self._held.setdefault(name, set())
        if key in held:
            return
        if len(held) == most:
            self.left_out.add(part)
            return
        held.add(key)
        self.fields.setdefault(name, []).append(value)

    def blob(self, value: Any, part: str) -> None:
        """A picture or video, known by the SHA-256 that its CID holds."""
        found = sha256_of_blob(value)
        if found is None:
            self.left_out.add(part)
            return
        cid, sha256 = found
        item = {"uri": f"at://{self.did}/blob/{cid}", "sha256": sha256}
        mime = value.get("mimeType")
        if isinstance(mime, str) and 0 < len(mime) <= bounds.MAX_MIME and not _CONTROL.search(mime):
            item["mime"] = mime
        self.add("media", cid, item, bounds.MAX_MEDIA, part)


def _post(record: dict[str, Any], draft: Draft) -> None:
    text = record.get("text")
    if isinstance(text, str):
        draft.fields["text"] = text
    else:
        draft.left_out.add("text")
    for lang in _items(record, "langs", draft)[:1]:
        if isinstance(lang, str) and 0 < len(lang) <= bounds.MAX_LANG and not _CONTROL.search(lang):
            draft.fields["lang"] = lang
        else:
            draft.left_out.add("langs")
    _reply(record, draft)
    for facet in _items(record, "facets", draft):
        _facet(facet, draft)
    _tags(_items(record, "tags", draft), draft, "tags")
    if record.get("embed") is not None:
        _embed(record["embed"], draft, "embed")
    _self_labels(record, draft)


def _reply(record: dict[str, Any], draft: Draft) -> None:
    reply = record.get("reply")
    if reply is None:
        return
    for name, member in (("reply_to", "parent"), ("root", "root")):
        uri = _strong_ref(reply.get(member)) if isinstance(reply, dict) else None
        if uri is None:
            draft.left_out.add("reply")
        else:
            draft.fields[name] = uri


def _facet(facet: Any, draft: Draft) -> None:
    if not isinstance(facet, dict):
        draft.left_out.add("facets")
        return
    for feature in _items(facet, "features", draft):
        kind = feature.get("$type") if isinstance(feature, dict) else None
        if kind == f"{_FACET}tag":
            _tags([feature.get("tag")], draft, "facets")
        elif kind == f"{_FACET}link":
            _link(feature.get("uri"), draft, "facets")
        elif kind == f"{_FACET}mention":
            did = feature.get("did")
            if isinstance(did, str) and _DID.match(did):
                draft.add("mentions", did, did, bounds.MAX_MENTIONS, "facets")
            else:
                draft.left_out.add("facets")
        else:
            draft.left_out.add("facets")


def _tags(values: list[Any], draft: Draft, part: str) -> None:
    for tag in values:
        folded = fold_tag(tag) if isinstance(tag, str) and len(tag) <= bounds.MAX_TAG else ""
        if 0 < len(folded) <= bounds.MAX_TAG:
            draft.add("tags", folded, tag, bounds.MAX_TAGS, part)
        else:
            draft.left_out.add(part)


def _link(value: Any, draft: Draft, part: str) -> None:
    uri = _uri(value)
    if uri is None:
        draft.left_out.add(part)
    else:
        draft.add("links", uri, uri, bounds.MAX_LINKS, part)


def _embed(embed: Any, draft: Draft, part: str) -> None:
    kind = embed.get("$type") if isinstance(embed, dict) else None
    if kind == f"{_EMBED}images":
        for image in _items(embed, "images", draft):
            if isinstance(image, dict):
                draft.blob(image.get("image"), part)
                _alt(image, draft)
            else:
                draft.left_out.add(part)
    elif kind == f"{_EMBED}video":
        draft.blob(embed.get("video"), part)
        _alt(embed, draft)
    elif kind == f"{_EMBED}external":
        _card(embed.get("external"), draft, part)
    elif kind == f"{_EMBED}record":
        _quote(embed.get("record"), draft, part)
    elif kind == f"{_EMBED}recordWithMedia" and part == "embed":
        inner = embed.get("record")
        _quote(inner.get("record") if isinstance(inner, dict) else None, draft, part)
        # Another name for the part: this embed cannot stand inside itself.
        _embed(embed.get("media"), draft, "embed.media")
    else:
        draft.left_out.add(part)


def _alt(picture: dict[str, Any], draft: Draft) -> None:
    alt = picture.get("alt")
    if isinstance(alt, str) and alt:
        draft.extra.setdefault("alt", []).append(alt)


def _card(card: Any, draft: Draft, part: str) -> None:
    if not isinstance(card, dict):
        draft.left_out.add(part)
        return
    _link(card.get("uri"), draft, part)
    if card.get("thumb") is not None:
        draft.blob(card["thumb"], part)


def _quote(ref: Any, draft: Draft, part: str) -> None:
    uri = _strong_ref(ref)
    if uri is None:
        draft.left_out.add(part)
    else:
        draft.fields["target"] = uri


def _self_labels(record: dict[str, Any], draft: Draft) -> None:
    labels = record.get("labels")
    if labels is None:
        return
    if not isinstance(labels, dict):
        draft.left_out.add("labels")
        return
    values = [
        item.get("val") if isinstance(item, dict) else None
        for item in _items(labels, "values", draft)
    ]
    sound = [value for value in values if isinstance(value, str) and len(value) <= bounds.MAX_MIME]
    if len(sound) < len(values) or len(sound) > _MAX_LABELS:
        draft.left_out.add("labels")
    if sound:
        draft.extra["labels"] = sound[:_MAX_LABELS]


def _on_a_post(record: dict[str, Any], draft: Draft) -> None:
    """A like or a repost; ``via`` is the repost through which the account came to it."""
    target = _strong_ref(record.get("subject"))
    if target is None:
        raise BadRecordError("subject")
    draft.fields["target"] = target
    if record.get("via") is not None:
        via = _strong_ref(record["via"])
        if via is None:
            draft.left_out.add("via")
        else:
            draft.extra["via"] = via


def _follow(record: dict[str, Any], draft: Draft) -> None:
    subject = record.get("subject")
    if not isinstance(subject, str) or not _DID.match(subject):
        raise BadRecordError("subject")
    draft.fields["target"] = subject


def _profile(record: dict[str, Any], draft: Draft) -> None:
    name = record.get("displayName")
    if isinstance(name, str) and len(name) <= _MAX_NAME:
        draft.extra["account"] = {"name": name}
    elif name is not None:
        draft.left_out.add("displayName")
    about = record.get("description")
    if isinstance(about, str):
        draft.fields["text"] = about
    elif about is not None:
        draft.left_out.add("description")
    for part in ("avatar", "banner"):
        if record.get(part) is not None:
            draft.blob(record[part], part)
    _self_labels(record, draft)


def _items(holder: dict[str, Any], name: str, draft: Draft) -> list[Any]:
    value = holder.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        draft.left_out.add(name)
        return []
    return value


def _strong_ref(value: Any) -> str | None:
    return _uri(value.get("uri")) if isinstance(value, dict) else None


def _uri(value: Any) -> str | None:
    if isinstance(value, str) and 0 < len(value) <= bounds.MAX_URI and not _CONTROL.search(value):
        return value
    return None


COLLECTIONS: Final[dict[str, tuple[Kind, Callable[[dict[str, Any], Draft], None]]]] = {
    "app.bsky.feed.post": ("post", _post),
    "app.bsky.feed.repost": ("repost", _on_a_post),
    "app.bsky.feed.like": ("like", _on_a_post),
    "app.bsky.graph.follow": ("follow", _follow),
    "app.bsky.actor.profile": ("account", _profile),
}
"""What becomes an event: a collection's kind of event, and what reads its records."""
