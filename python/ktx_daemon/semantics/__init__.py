"""The endpoints of the semantic layer: the shape of their requests. The work is the `semantic_layer` package's."""
