"""Names of types that several rooms use."""

from torch import Tensor

#: Losses by name, as the task libraries return them; a head may return a list, one loss a level.
Losses = dict[str, Tensor | list[Tensor]]
#: (height, width) in px.
Size = tuple[int, int]
