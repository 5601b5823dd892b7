"""Networks that read a tune and tell, at every note, how likely each next one is.

B blocks, T notes, E embedding width, H hidden units, V 88 keys of the piano.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from models import functional
from models.functional import Number

VOCABULARY = 88
LONGEST = 1000  # notes that the Transformer knows positions of

CELLS: dict[str, type[nn.LSTM | nn.GRU | nn.RNN]] = {
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "rnn": nn.RNN,
}
RUN: dict[str, Callable[..., tuple[Tensor, ...]]] = {
    "lstm": torch.lstm,
    "gru": torch.gru,
    "rnn": torch.rnn_tanh,
}
INITS = {"published": (1.0, 1.0), "small": (0.1, 0.02)}  # scale of embeddings, of positions


class RecurrentMelody(nn.Module):
    """Embedding, recurrent layers from a zero state, and one linear output at every note.

    Dropout is read at every call. So the recurrent module has none of its own, and during
    training its layers run one by one over its own weights, with dropout in between.
    """

    def __init__(self, kind: str, embedding_dim: int, hidden_size: int, num_layers: int) -> None:
        """Create the layers with torch's own initialisation.

        Args:
            kind: ``lstm``, ``gru`` or ``rnn``; also the name of the recurrent module.
            embedding_dim: E.
            hidden_size: H.
            num_layers: Recurrent layers.
        """
        super().__init__()
        self.kind = kind
        self.embedding = nn.Embedding(VOCABULARY, embedding_dim)
        cell = CELLS[kind]
        self.add_module(kind, cell(embedding_dim, hidden_size, num_layers, batch_first=True))
        self.fc = nn.Linear(hidden_size, VOCABULARY)

    @property
    def recurrent(self) -> nn.LSTM | nn.GRU | nn.RNN:
        """The recurrent module, named after its kind in the state dict."""
        module: nn.LSTM | nn.GRU | nn.RNN
        module = self.get_submodule(self.kind)  # type: ignore[assignment]
        return module

    def forward(self, inputs: Tensor, dropout: Number = 0.2) -> Tensor:
        """Predict the note that follows each note.

        Args:
            inputs: Tokens 0..87. Shape ``[B, T]``, int64.
            dropout: Probability between recurrent layers and before the output: a float, a 0-d
                tensor or a ``[B, 1]`` tensor.

        Returns:
            Logits. Shape ``[B, T, V]``.
        """
        hidden = functional.dropout(self._hidden(inputs, dropout), dropout, self.training)
        output: Tensor = self.fc(hidden)
        return output

    def _hidden(self, inputs: Tensor, rate: Number) -> Tensor:
        """Run the recurrent layers; return the states of the last one at every note."""
        states: Tensor = self.embedding(inputs)
        if not self.training:
            return self.recurrent(states)[0]  # type: ignore[no-any-return]  # untyped in torch
        for layer in range(self.recurrent.num_layers):
            if layer > 0:
                states = functional.dropout(states, rate, self.training)
            states = self._layer(states, layer)
        return states

    def _layer(self, inputs: Tensor, layer: int) -> Tensor:
        """Run one recurrent layer from zero state, over the recurrent module's own weights."""
        zeros = inputs.new_zeros(1, len(inputs), self.recurrent.hidden_size)
        return RUN[self.kind](
            inputs,
            (zeros, zeros) if self.kind == "lstm" else zeros,
            self.recurrent.all_weights[layer],
            has_biases=True,
            num_layers=1,
            dropout=0.0,
            train=self.training,
            bidirectional=False,
            batch_first=True,
        )[0]


class TransformerMelody(nn.Module):
    """Encoder layers in which no note sees a later one.

    The layers hold the weights, ``forward`` applies them, since torch's own layers read dropout
    when they are built.
    """

    def __init__(self, layer: nn.TransformerEncoderLayer, num_layers: int, init: str) -> None:
        """Create embedding, learned positions and the layers.

        Args:
            layer: Is copied.
            num_layers: How often.
            init: ``published``: embeddings times sqrt(E), positions from N(0, 1). ``small``: a
                tenth and a fiftieth of that.
        """
        super().__init__()
        width = layer.self_attn.embed_dim
        self.scale, deviation = INITS[init]
        self.scale *= math.sqrt(width)
        self.embedding = nn.Embedding(VOCABULARY, width)
        self.pos_encoder = nn.Parameter(deviation * torch.randn(1, LONGEST, width))
        self.transformer = nn.TransformerEncoder(layer, num_layers, enable_nested_tensor=False)
        self.fc = nn.Linear(width, VOCABULARY)

    def forward(self, inputs: Tensor, dropout: Number = 0.1) -> Tensor:
        """Predict the note that follows each note.

        Args:
            inputs: Tokens 0..87. Shape ``[B, T]``, int64.
            dropout: Probability inside the layers: a float, a 0-d tensor or a ``[B, 1]`` tensor.

        Returns:
            Logits. Shape ``[B, T, V]``.

        Raises:
            ValueError: If T is more than 1000.
        """
        num_notes = inputs.shape[1]
        if num_notes > LONGEST:
            raise ValueError(f"context must be at most {LONGEST} notes, got {num_notes}")
        states = self.scale * self.embedding(inputs) + self.pos_encoder[:, :num_notes]
        for layer in self.transformer.layers:
            assert isinstance(layer, nn.TransformerEncoderLayer)
            states = _encode(layer, states, dropout)
        output: Tensor = self.fc(states)
        return output


def _encode(layer: nn.TransformerEncoderLayer, states: Tensor, rate: Number) -> Tensor:
    """Apply one encoder layer, normalised before or after its two blocks. Shape ``[B, T, E]``."""

    def drop(x: Tensor) -> Tensor:
        return functional.dropout(x, rate, layer.training)

    def feed(x: Tensor) -> Tensor:
        hidden = drop(torch.relu(layer.linear1(x)))
        return drop(layer.linear2(hidden))

    def attend(x: Tensor) -> Tensor:
        return drop(_attend(layer.self_attn, x, rate))

    if layer.norm_first:
        states = states + attend(layer.norm1(states))
        return states + feed(layer.norm2(states))
    states = layer.norm1(states + attend(states))
    normalised: Tensor = layer.norm2(states + feed(states))
    return normalised


def _attend(attention: nn.MultiheadAttention, states: Tensor, rate: Number) -> Tensor:
    """Let every note look at itself and the earlier ones. Shape ``[B, T, E]``."""
    projected = nn.functional.linear(states, attention.in_proj_weight, attention.in_proj_bias)
    query, key, value = projected.reshape(*states.shape[:2], 3, attention.num_heads, -1).permute(
        2, 0, 3, 1, 4
    )
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    future = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
    weights = scores.masked_fill(future, -math.inf).softmax(dim=-1)
    weights = functional.dropout(weights, rate, attention.training)
    output: Tensor = attention.out_proj((weights @ value).transpose(1, 2).flatten(2))
    return output
