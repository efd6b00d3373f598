"""``TreeClassifier``: recursive networks on labelled trees."""

from collections.abc import Mapping
from typing import Any, ClassVar

from sklearn.base import ClassifierMixin

from fastbpts._base import checks
from fastbpts._cells.cell import cell as make_cell
from fastbpts._cells.cell import cells
from fastbpts.estimators.prediction import TreePrediction
from fastbpts.estimators.tree_training import TreeTraining
from fastbpts.estimators.word_rows import check_unknown
from fastbpts.training.class_weights import check_class_weight


class TreeClassifier(TreePrediction, ClassifierMixin, TreeTraining):  # type: ignore[misc]
    """Recursive network with a softmax classifier at the nodes of trees.

    Parameters
    ----------
    cell : str, default="rntn"
        How a node's state follows from its children's: a name from ``fastbpts.cells()``. "sum" takes any number of
        children; "concat" and "rntn" take two.
    n_state : int, default=25
        Width of the states, which is also that of the word vectors.
    loss_nodes : {"all", "root"}, default="all"
        Which labelled nodes the loss sees.
    optimizer : {"sgd", "momentum", "nesterov", "adagrad", "adam", "adamw"}, default="adagrad"
    learning_rate : float, default=0.01
        `schedule` multiplies it.
    alpha : float or dict, default=1e-4
        L2 penalty ``alpha * ||theta||^2``, which spares the biases; a dict gives one per parameter (0 for those it
        leaves out): those of the cell, "Ws" and "bs" of the classifier, "E" the word vectors.
    batch_size : int, default=25
        Trees per step.
    max_iter : int, default=40
        The number of epochs.
    random_state : int, numpy Generator, RandomState or None, default=0
        The same seed gives the same model, to the bit, whatever the number of threads.
    n_threads : int or None, default=None
        None takes what the machine has.
    dtype : {"float32", "float64"}, default="float32"
    input_activation : {"identity", "tanh"}, default="identity"
        What is applied to word vectors.
    dropout, input_dropout : float, default=0.0
        Probability that a component of a state, or of a word vector, is dropped in training.
    class_weight : None, "balanced" or dict, default=None
        Weight of each class in the loss; classes a dict leaves out have weight 1.
    max_norm : float or None, default=None
        Gradients of greater norm are scaled down to it.
    schedule : str, dict or callable, default="constant"
        Learning rate by epoch; see ``fastbpts.training.schedules.make_schedule``. For example "cosine" or
        "step:every=10,factor=0.5,warmup=2".
    accumulator_reset : int or None, default=None
        Forget AdaGrad's sums after each so many epochs.
    momentum, beta1, beta2, eps : float
        Of the optimisers that have them; ``eps=None`` takes the optimiser's usual value.
    min_count : int, default=1
        Words seen less often are unknown words.
    max_vocabulary : int or None, default=None
        At most so many words, the most frequent.
    unknown : {"singletons", "dropout", None}, default="singletons"
        How the vector of unknown words is trained. "singletons": words seen once are taken for unknown in a share
        `unk_rate` of the epochs. "dropout": a word seen n times is taken for unknown in a minibatch with probability
        ``unk_rate / (unk_rate + n)``. None: only words below `min_count` train it.
    unk_rate : float or None, default=None
        None is 0.5 for "singletons", 0.25 for "dropout".
    embeddings : None, path, KeyedVectors or tuple (words, matrix), default=None
        Pretrained word vectors of width `n_state`, for the words of the training set that they have.
    train_embeddings : bool, default=True
        False leaves the word vectors as they are at the beginning.
    validation_fraction : float, default=0.1
        Share of the training set held out by `early_stopping` when ``fit`` is given no validation set.
    early_stopping : bool, default=False
        Stop when the validation score has not improved by `tol` for `n_iter_no_change` epochs.
    n_iter_no_change : int, default=10
        Patience of `early_stopping`, in epochs.
    tol : float, default=0.0
        Smaller improvements do not count for it.
    monitor : {"score", "score_nodes", "score_sum", "loss"}, default="score"
        The validation score that says which model is best: accuracy at the root, over all labelled nodes, their sum,
        or the loss.
    checkpoint : path or None, default=None
        File to which the state of training is written, for ``fit(..., resume=True)``.
    checkpoint_every : int, default=1
        Epochs between checkpoints.
    verbose : int, default=0
        1 shows a progress bar and one line per epoch on standard error, 2 only the lines.

    Attributes
    ----------
    classes_ : ndarray
        The labels.
    vocabulary_ : Vocabulary
        The words; row 0 is the unknown word.
    net_ : Network
    n_iter_ : int
    history_ : list of dict
        Per epoch: epoch, loss, learning_rate, seconds, and with a validation set dev_score, dev_score_nodes,
        dev_score_sum, dev_loss.
    best_iter_, best_score_
        Epoch and score of the model kept; only with a validation set.
    reading_ : dict
        Options `unary` and `binarize` with which ``fastbpts train`` read the trees; saved, and taken by the other
        commands.

    Examples
    --------
    >>> import fastbpts as fb
    >>> bank = fb.demo_treebank("sentiment", n_trees=300)
    >>> clf = fb.TreeClassifier(n_state=8, learning_rate=0.05, max_iter=5).fit(bank)
    >>> clf.predict(bank[:3]).shape
    (3,)
    """

    _monitors: ClassVar[dict[str, int]] = {"score": 1, "score_nodes": 1, "score_sum": 1, "loss": -1}
    _shown: ClassVar[dict[str, str]] = {
        "loss": "loss",
        "dev_loss": "dev loss",
        "dev_score": "dev root",
        "dev_score_nodes": "dev nodes",
    }

    def __init__(
        self,
        cell: str = "rntn",
        n_state: int = 25,
        loss_nodes: str = "all",
        optimizer: str = "adagrad",
        learning_rate: float = 0.01,
        alpha: float | Mapping[str, float] = 1e-4,
        batch_size: int = 25,
        max_iter: int = 40,
        random_state: Any = 0,
        n_threads: int | None = None,
        dtype: Any = "float32",
        input_activation: str = "identity",
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        class_weight: Any = None,
        max_norm: float | None = None,
        schedule: Any = "constant",
        accumulator_reset: int | None = None,
        momentum: float = 0.9,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float | None = None,
        min_count: int = 1,
        max_vocabulary: int | None = None,
        unknown: str | None = "singletons",
        unk_rate: float | None = None,
        embeddings: Any = None,
        train_embeddings: bool = True,
        validation_fraction: float = 0.1,
        early_stopping: bool = False,
        n_iter_no_change: int = 10,
        tol: float = 0.0,
        monitor: str = "score",
        checkpoint: Any = None,
        checkpoint_every: int = 1,
        verbose: int = 0,
    ) -> None:
        self.cell = cell
        self.n_state = n_state
        self.loss_nodes = loss_nodes
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_threads = n_threads
        self.dtype = dtype
        self.input_activation = input_activation
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.class_weight = class_weight
        self.max_norm = max_norm
        self.schedule = schedule
        self.accumulator_reset = accumulator_reset
        self.momentum = momentum
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.min_count = min_count
        self.max_vocabulary = max_vocabulary
        self.unknown = unknown
        self.unk_rate = unk_rate
        self.embeddings = embeddings
        self.train_embeddings = train_embeddings
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.monitor = monitor
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.target_tags.required = False
        return tags

    def _groups(self) -> list[str]:
        return [*make_cell(self.cell, n_state=1).shapes, "Ws", "bs", "E"]

    def _check_params(self) -> None:
        checks.choice("cell", self.cell, cells())
        checks.integer("n_state", self.n_state, 1)
        checks.choice("loss_nodes", self.loss_nodes, ("all", "root"))
        checks.dtype("dtype", self.dtype)
        checks.choice("input_activation", self.input_activation, ("identity", "tanh"))
        checks.number("dropout", self.dropout, 0, 1, below=True)
        checks.number("input_dropout", self.input_dropout, 0, 1, below=True)
        checks.integer("min_count", self.min_count, 1)
        checks.integer("max_vocabulary", self.max_vocabulary, 1, none=True)
        check_unknown(self.unknown, self.unk_rate)
        checks.boolean("train_embeddings", self.train_embeddings)
        check_class_weight(self.class_weight)
        super()._check_params()
