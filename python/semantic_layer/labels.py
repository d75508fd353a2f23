"""Names the columns of the result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from semantic_layer.errors import SemanticLayerError
from semantic_layer.measures import ResolvedMeasure


def label_measures(measures: Mapping[str, ResolvedMeasure], taken: Collection[str]) -> dict[str, str]:
    """The output name of each measure by key. ``taken`` are the names of dimensions.

    A measure keeps its own name. Where several share one, those that are not derived get their source in
    front.
    """
    uses = Counter(measure.name for measure in measures.values())
    uses.update(taken)
    labels = {
        key: f"{measure.home}_{measure.name}" if uses[measure.name] > 1 and not measure.is_derived else measure.name
        for key, measure in measures.items()
    }
    final = Counter(labels.values())
    final.update(taken)
    for key, label in labels.items():
        if final[label] > 1:
            raise SemanticLayerError(
                f"Output name '{measures[key].name}' is used more than once, by '{measures[key].text}' among others. "
                "Give the measures different names."
            )
    return labels
