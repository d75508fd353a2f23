"""`@{name}`: constants of a project's manifest, put in before anything else is looked at."""

import re
from collections.abc import Iterable, Mapping

from ktx_daemon.lookml.model import Explore, LookmlFile, View

_REFERENCE = re.compile(r"@\{\s*(\w+)\s*\}")


class Constants:
    """The values to put in; a name without a value stays as written."""

    def __init__(self, files: Iterable[tuple[str, LookmlFile]], overrides: Mapping[str, str]) -> None:
        declared = {
            constant.name: constant.value
            for path, file in files
            if "manifest" in path.lower()
            for constant in file.constants
        }
        self._values = declared | dict(overrides)

    def into(self, text: str | None) -> str | None:
        """Replace the references in a text."""
        if text is None:
            return None
        return _REFERENCE.sub(lambda match: self._values.get(match[1], match[0]), text)

    def into_view(self, view: View) -> None:
        """Replace the references in a view's table and in the SQL of its fields."""
        view.sql_table_name = self.into(view.sql_table_name)
        if view.derived_table is not None:
            view.derived_table.sql = self.into(view.derived_table.sql)
        for _, field in view.fields():
            field.sql = self.into(field.sql)

    def into_explore(self, explore: Explore) -> None:
        """Replace the references in the conditions of an explore's joins."""
        for join in explore.joins:
            join.sql_on = self.into(join.sql_on)
