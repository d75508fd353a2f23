"""Drafts the joins of generated sources: both directions of every link, and roles where they are needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import BaseModel

from semantic_layer.identifiers import written

_INVERSE = {"many_to_one": "one_to_many", "one_to_many": "many_to_one", "one_to_one": "one_to_one"}


class Link(BaseModel):
    """One column of a table pointing at one column of another."""

    from_table: str
    from_column: str
    to_table: str
    to_column: str
    relationship_type: str


@dataclass(frozen=True, slots=True)
class _Draft:
    to: str
    local: str
    remote: str
    relationship: str


def joins_by_table(tables: set[str], links: Iterable[Link], dialect: str) -> dict[str, list[dict[str, str]]]:
    """The joins of each table that has any. Links to tables that are not listed are left out."""
    drafts: dict[str, list[_Draft]] = {}
    for link in links:
        if link.from_table not in tables or link.to_table not in tables:
            continue
        relationship = link.relationship_type.strip().lower()
        if relationship not in _INVERSE:
            relationship = "many_to_one"
        forward = _Draft(link.to_table, link.from_column, link.to_column, relationship)
        backward = _Draft(link.from_table, link.to_column, link.from_column, _INVERSE[relationship])
        for table, draft in ((link.from_table, forward), (link.to_table, backward)):
            of_table = drafts.setdefault(table, [])
            if draft not in of_table:
                of_table.append(draft)
    return {
        table: [_join(draft, alias, dialect) for draft, alias in zip(of_table, _aliases(of_table, tables), strict=True)]
        for table, of_table in drafts.items()
    }


def _join(draft: _Draft, alias: str | None, dialect: str) -> dict[str, str]:
    on = f"{written(draft.local, dialect)} = {written(draft.to, dialect)}.{written(draft.remote, dialect)}"
    join = {"to": draft.to, "on": on, "relationship": draft.relationship}
    return join | {"alias": alias} if alias else join


def _aliases(drafts: list[_Draft], tables: set[str]) -> list[str | None]:
    """A role name for each join whose target the table joins more than once.

    These names are part of the endpoint, whose callers keep them. A scan names the roles of a project by itself.
    The local column tells roles apart; where two of them share it, the remote column does.
    """
    joins_to = Counter(draft.to for draft in drafts)
    short = {draft: f"{draft.to}_{draft.local.lower()}" for draft in drafts if joins_to[draft.to] > 1}
    uses = Counter(short.values())
    taken = set(tables)
    aliases: list[str | None] = []
    for draft in drafts:
        if draft not in short:
            aliases.append(None)
            continue
        alias = short[draft]
        if uses[alias] > 1:
            alias = f"{alias}_{draft.remote.lower()}"
        while alias in taken:
            alias = f"{alias}_role"
        taken.add(alias)
        aliases.append(alias)
    return aliases
