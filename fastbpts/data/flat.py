"""Trees as plain flat data. Parsers return them; a Treebank or a Structure wraps them."""

from typing import NamedTuple, Protocol, runtime_checkable

from fastbpts.data.plan import I32, I64, Plan
from fastbpts.data.vocabulary import Vocabulary


class FlatTrees(NamedTuple):
    """Trees in level-major arrays.

    Attributes
    ----------
    plan : Plan
        Nodes, edges, words and integer labels; words are numbers in `vocabulary`.
    vocabulary : Vocabulary
    phrase : int32 array (n_nodes,) or None
        Labels that are strings, as numbers into `label_names`; -1: none.
    label_names : list of str or None
    """

    plan: Plan
    vocabulary: Vocabulary
    phrase: I32 | None = None
    label_names: list[str] | None = None


@runtime_checkable
class Trees(Protocol):
    """Anything that holds trees in flat arrays, as :class:`fastbpts.Treebank` does, which says what they mean."""

    node_ptr: I64
    edge_ptr: I64
    child: I32
    n_child: I32
    word: I32
    label: I32
    vocabulary: Vocabulary
    phrase: I32 | None
    label_names: list[str] | None

    @property
    def plan(self) -> Plan:
        """The arrays that describe the trees."""
        ...


def flat_trees(bank: Trees) -> FlatTrees:
    """The arrays of a treebank; nothing is copied."""
    return FlatTrees(bank.plan, bank.vocabulary, bank.phrase, bank.label_names)
