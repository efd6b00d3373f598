from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray
from typing_extensions import disjoint_base

_Array = NDArray[Any]
_I32 = NDArray[np.int32]
_I64 = NDArray[np.int64]
_G = TypeVar("_G", bound=Graph)

POISON: bool
PAD: int
MAX_THREADS: int
LONGEST_WORD: int
ACTIVATIONS: dict[str, int]
PTB_FRAME_BYTES: int
PTB_LABELS: dict[str, int]
PTB_BINARIZE: dict[str | None, int]
PTB_CODES: dict[str, int]
PTB_N_CODES: int

def isa() -> str: ...
def isas() -> dict[str, tuple[int, int, int, bool]]: ...
def losses() -> dict[str, tuple[str, str, bool, dict[str, tuple[float, float, float]]]]: ...
def plain_link(name: str, z: _Array, n_out: int) -> None: ...
def plain_loss(
    name: str,
    option: float,
    z: _Array,
    n_out: int,
    label: _Array | None,
    soft: _Array | None,
    weight: _Array | None,
    class_weight: _Array | None,
    normalizer: float = 0.0,
) -> tuple[float, float]: ...
def optimizer_options() -> dict[str, tuple[float, float]]: ...
def optimizers() -> dict[str, tuple[int, float, dict[str, float], bool, int]]: ...
def optimizer_refused(
    n_states: int = 0, learning_rate: float = 0.01, flushes: int = 0, corrects_bias: bool = False
) -> str | None: ...
def cells() -> dict[str, dict[str, Any]]: ...
def test_cells() -> dict[str, dict[str, Any]]: ...
def cell_refused(name: str, changes: dict[str, Any]) -> str | None: ...
def aligned(shape: tuple[int, ...], dtype: DTypeLike, zero: bool = False) -> _Array: ...
def dropout_mask(seed: int, p: float, rows: int, cols: int, dtype: DTypeLike = "float64") -> _Array: ...

@disjoint_base
class Graph:
    level_ptr: _I64
    child_ptr: _I64
    child: _I32
    word: _I32
    label: _I32
    graph: _I32
    root: _I32
    inputs: _I32
    order: _I64
    def __init__(
        self,
        level_ptr: _I64,
        child_ptr: _I64,
        child: _I32,
        word: _I32,
        label: _I32,
        graph: _I32,
        root: _I32,
        inputs: _I32,
        order: _I64,
    ) -> None: ...
    @property
    def n_nodes(self) -> int: ...
    @property
    def n_graphs(self) -> int: ...
    @property
    def n_levels(self) -> int: ...
    @property
    def max_label(self) -> int: ...
    @property
    def facts(self) -> dict[str, int]: ...

@disjoint_base
class Bank:
    def __init__(
        self,
        node_ptr: _I64,
        level_ptr: _I64,
        level_size: _I32,
        edge_ptr: _I64,
        child: _I32,
        n_child: _I32,
        word: _I32,
        label: _I32,
    ) -> None: ...
    def batch(
        self,
        kind: type[_G],
        tree: _I64,
        word_map: _I32 | None = None,
        unknown_rate: NDArray[np.float32] | None = None,
        seed: int = 0,
        ahead: _I64 | None = None,
    ) -> _G: ...

@disjoint_base
class Net:
    cell: str
    dtype: np.dtype[Any]
    t: int
    def __init__(
        self, cell: str, n_in: int, n_state: int, dtype: DTypeLike, tanh_input: bool, activation: int = 0
    ) -> None: ...
    @staticmethod
    def padded(n: int) -> int: ...
    @property
    def n_in(self) -> int: ...
    @property
    def n_state(self) -> int: ...
    @property
    def n_rows(self) -> int: ...
    @property
    def n_slot(self) -> int: ...
    @property
    def ld_in(self) -> int: ...
    @property
    def n_feature(self) -> int: ...
    @property
    def ld_feature(self) -> int: ...
    @property
    def ld_state(self) -> int: ...
    @property
    def n_forward(self) -> int: ...
    @property
    def columns(self) -> _I32: ...
    @property
    def sparse(self) -> tuple[_I32, _Array]: ...
    def set_threads(self, n: int) -> None: ...
    def pack(self, params: tuple[_Array, ...], theta: _Array) -> None: ...
    def unpack(self, theta: _Array, params: tuple[_Array, ...], gradient: bool) -> None: ...
    def bind_cell(
        self,
        theta: _Array,
        theta_t: _Array | None,
        dtheta: _Array,
        s1: _Array | None,
        s2: _Array | None,
        mult: _Array | None,
        l2: _Array | None,
    ) -> None: ...
    def bind_head(
        self,
        head: _Array,
        head_t: _Array,
        dhead: _Array,
        s1: _Array | None,
        s2: _Array | None,
        mult: _Array,
        l2: _Array,
        class_weight: _Array | None,
    ) -> None: ...
    def bind_words(self, words: _Array, s1: _Array | None, s2: _Array | None, mult: _Array, l2: _Array) -> None: ...
    def set_optimizer(self, name: str, learning_rate: float, max_norm: float, options: dict[str, float]) -> None: ...
    def set_loss(self, name: str, option: float) -> None: ...
    @property
    def total_weight(self) -> float: ...
    def set_dropout(self, states: float, inputs: float, seed: int) -> None: ...
    def forward(self, s: Graph, x: _Array, h: _Array, saved: tuple[_Array | None, ...] = ()) -> None: ...
    def backward(
        self,
        s: Graph,
        x: _Array,
        h: _Array,
        dh: _Array,
        saved: tuple[_Array | None, ...] = (),
        grads: tuple[_Array | None, ...] = (),
    ) -> None: ...
    def fits(self, s: object, n_words: int) -> bool: ...
    def step(
        self,
        s: Graph,
        label: _I32 | None,
        soft: _Array | None,
        node_weight: _Array | None,
        roots_only: bool,
        normalizer: float,
        update: bool,
        train_words: bool,
    ) -> float: ...
    def predict(self, s: Graph, roots_only: bool, p: _Array | None, states: _Array | None) -> None: ...

def matmul(a: _Array, b: _Array, out: _Array | None = None, add: bool = False, transpose_a: bool = False) -> _Array: ...

@disjoint_base
class Updates:
    t: int
    def __init__(self, n: int, dtype: DTypeLike) -> None: ...
    def set_optimizer(self, name: str, learning_rate: float, max_norm: float, options: dict[str, float]) -> None: ...
    def bind(
        self,
        i: int,
        w: _Array,
        g: _Array,
        states: tuple[_Array, ...],
        mult: _Array,
        l2: _Array,
        rows: _I32 | None = None,
    ) -> None: ...
    def step(self) -> None: ...

@disjoint_base
class Perceptron:
    dtype: np.dtype[Any]
    t: int
    def __init__(self, sizes: tuple[int, ...], activations: tuple[int, ...], dtype: DTypeLike) -> None: ...
    def bind(self, i: int, w: _Array, g: _Array, states: tuple[_Array, ...], mult: _Array, l2: _Array) -> None: ...
    def set_threads(self, n: int) -> None: ...
    def set_optimizer(self, name: str, learning_rate: float, max_norm: float, options: dict[str, float]) -> None: ...
    def set_loss(self, name: str, option: float) -> None: ...
    @property
    def total_weight(self) -> float: ...
    def set_dropout(self, p: float, seed: int) -> None: ...
    def set_class_weight(self, class_weight: _Array | None) -> None: ...
    def fits(self, x: Any, y: Any, weight: Any = None) -> bool: ...
    def forward(self, x: _Array, out: _Array, probabilities: bool = False) -> None: ...
    def backward(self, dout: _Array, dx: _Array | None) -> None: ...
    def step(self, x: Any, y: Any, weight: Any, normalizer: float, update: bool, dx: _Array | None = None) -> float: ...

def pools() -> dict[str, bool]: ...

@disjoint_base
class SequenceNet:
    dtype: np.dtype[Any]
    def __init__(
        self,
        chains: list[Chain],
        n_directions: int,
        tables: tuple[_Array, ...],
        n_values: int,
        pool: str,
        head: Perceptron | None,
        gradients: Sequence[tuple[_Array | None, ...]],
        loss: str,
        option: float,
        dtype: DTypeLike,
        n_threads: int,
    ) -> None: ...
    def gradients(
        self,
        batch_sizes: _I64,
        ids: _I32 | None,
        values: _Array | None,
        y: _Array,
        weight: _Array | None,
        h0: _Array | None,
        c0: _Array | None,
        dropout: float,
        input_dropout: float,
        seed: int,
        train_tables: bool,
        normalizer: float,
    ) -> tuple[float, _Array, _Array | None]: ...
    @property
    def total_weight(self) -> float: ...
    @property
    def sparse(self) -> list[tuple[_I32, _Array]]: ...
    def predict(
        self,
        batch_sizes: _I64,
        ids: _I32 | None,
        values: _Array | None,
        h0: _Array | None,
        c0: _Array | None,
        n_classes: int,
    ) -> tuple[_Array, _Array, _Array | None]: ...

@disjoint_base
class Chain:
    cell: str
    dtype: np.dtype[Any]
    activation: str | None
    keep_packed: bool
    @property
    def shape(self) -> tuple[int, int]: ...
    def __init__(
        self,
        cell: str,
        n_in: int,
        n_state: int,
        dtype: DTypeLike,
        activation: str | None = None,
        worth: int = ...,
    ) -> None: ...
    @property
    def n_in(self) -> int: ...
    @property
    def n_state(self) -> int: ...
    def set_params(self, W: _Array, U: _Array | None, b: _Array | None = None, b_rec: _Array | None = None) -> None: ...
    def pack(self) -> None: ...
    def forward(
        self,
        x: _Array,
        batch_sizes: _I64,
        h: _Array,
        h0: _Array | None = None,
        c0: _Array | None = None,
        h_n: _Array | None = None,
        c_n: _Array | None = None,
        save: bool = True,
        reverse: bool = False,
        n_threads: int = 1,
    ) -> None: ...
    def backward(
        self,
        dh: _Array | None,
        dx: _Array | None,
        dW: _Array,
        dU: _Array | None,
        db: _Array | None = None,
        db_rec: _Array | None = None,
        dh_n: _Array | None = None,
        dc_n: _Array | None = None,
        dh0: _Array | None = None,
        dc0: _Array | None = None,
    ) -> None: ...
    def layer_forward(
        self,
        x: _Array,
        batch_sizes: _I64 | None,
        h0: _Array | None = None,
        c0: _Array | None = None,
        save: bool = True,
        n_threads: int = 1,
    ) -> tuple[_Array, _Array, _Array | None]: ...
    def layer_backward(
        self,
        dh: _Array | None,
        dh_n: _Array | None,
        dc_n: _Array | None,
        grads: tuple[_Array | None, ...],
        want_dx: bool = True,
    ) -> tuple[_Array | None, _Array, _Array | None]: ...
    def layer_step(self, x: _Array, h: _Array | None, c: _Array | None) -> tuple[_Array, _Array | None]: ...
    def step(
        self, x: _Array, h: _Array | None, c: _Array | None, h_out: _Array | None, c_out: _Array | None
    ) -> None: ...

def intern_rehash(old: _Array, slot: _Array) -> None: ...
def ptb_parse(
    data: _Array,
    n_brackets: int,
    final: bool,
    int_labels: int,
    collapse: bool,
    binarize: int,
    n_classes: int,
    max_trees: int,
    words: tuple[Any, ...],
    labels: tuple[Any, ...],
    stack: _Array,
    n_child: _I32,
    word: _I32,
    label: _I32,
    end: _I64,
) -> tuple[int, int, int, int, int, int, int]: ...
def plan_forest(
    node_ptr: _I64, n_child: _I32, word: _I32, label: _I32, out: tuple[_Array, ...], scratch: _I32, largest: int
) -> int: ...
def dag_heights(n: int, child: _I32, parent: _I32, height: _I32, scratch: _I32) -> int: ...
def dag_components(n: int, child: _I32, parent: _I32, comp: _I32) -> None: ...
def text_cut(data: _Array, n: int, lists: bool) -> int: ...
def text_pieces(data: _Array, n: int, size: int, lists: bool) -> _I64: ...
def count_words(data: _Array, lists: bool, tables: list[tuple[tuple[Any, ...], _I64]], state: _I64) -> None: ...
def merge_counts(
    source: tuple[Any, ...], source_count: _I64, target: tuple[Any, ...], count: _I64, at: int
) -> tuple[int, int]: ...
def encode_text(
    data: _Array,
    cut: _I64,
    lists: bool,
    max_sentence: int,
    n_threads: int,
    table: tuple[Any, ...],
    out: _Array,
    n_units: _I64,
    n_words: _I64,
) -> None: ...
def alias_table(p: _Array) -> _Array: ...
def huffman(count: _I64) -> tuple[_I64, _I32, _Array]: ...

@disjoint_base
class WordTrainer:
    def __init__(
        self,
        in_: _Array,
        out: _Array | None,
        nodes: _Array | None,
        keep: _Array,
        noise: _Array | None,
        path: tuple[_I64, _I32, _Array] | None,
        *,
        skip_gram: bool,
        mean: bool,
        negative: int,
        window: int,
        shrink: bool,
        shared: bool,
        max_sentence: int,
    ) -> None: ...
    def train(
        self,
        text: _Array,
        piece_ptr: _I64,
        piece_words: _I64,
        first_piece: int,
        alpha: float,
        alpha_step: float,
        min_alpha: float,
        seed: int,
        n_threads: int,
        loss: _Array,
        n_pairs: _I64,
    ) -> None: ...

COUNT_BITS: int

def decode_text(units: _Array, piece_ptr: _I64, out: _I32, first: int) -> int: ...
def word_positions(text: _I32, n: int, n_words: int) -> tuple[_I64, _I32]: ...

@disjoint_base
class RowCounter:
    def __init__(self, n_words: int, size: int, n_threads: int) -> None: ...
    def count(
        self,
        text: _I32,
        start: _I64,
        position: _I32,
        weight: _I64,
        symmetric: bool,
        first: int,
        at: _I64,
        split: _I64,
    ) -> tuple[_I64, _I32, _I64]: ...
    def add(
        self, runs: list[tuple[_I64, _I32, _I64]], first: int, at: _I64, split: _I64
    ) -> tuple[_I64, _I32, _I64]: ...

def deal_pairs(first_row: int, n_in_row: _I64, column: _I32, sums: _I64, n_buckets: int) -> tuple[_I64, _I32]: ...
def shuffle_pairs(pairs: _I32, seed: int) -> None: ...
def glove_train(
    w: _Array, bias: _Array, pairs: _I32, x_max: float, alpha: float, eta: float, n_threads: int
) -> float: ...
