"""Training configurations: a shipped one by name, or a file."""

import tomllib
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curate.errors import InputError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Input(_Strict):
    """The network's input: a square of `side` pixels."""

    side: int = Field(299, ge=75, description="Inception v3 needs at least 75")


class Optimizer(_Strict):
    """RMSProp as TensorFlow computes it, with a rate that falls in steps."""

    learning_rate: float = Field(0.001, gt=0)
    decay_factor: float = Field(16.0, ge=1, description="the rate is divided by it …")
    decay_epochs: int = Field(30, ge=1, description="… after each so many epochs")
    rho: float = Field(0.9, ge=0, lt=1)
    momentum: float = Field(0.9, ge=0, lt=1)
    epsilon: float = Field(0.1, gt=0)
    weight_decay: float = Field(0.0, ge=0)


class Loss(_Strict):
    """Softmax cross-entropy of both heads."""

    label_smoothing: float = Field(0.0, ge=0, lt=1)
    auxiliary_weight: float = Field(0.4, ge=0)


class Model(_Strict):
    """The network beyond its published form."""

    dropout: float = Field(0.5, ge=0, lt=1)
    settle_batches: int = Field(
        0, ge=0, description="after the last step, means and variances of batch normalisation are taken anew over so many batches"
    )


class Config(_Strict):
    """A training configuration."""

    input: Input = Input()
    optimizer: Optimizer = Optimizer()
    loss: Loss = Loss()
    model: Model = Model()


def load_config(name: str) -> Config:
    """Return a configuration.

    Args:
        name: of a shipped one (`esteva2017`), or the path of a .toml file.

    Raises:
        InputError: there is no such configuration, or it says something unknown.
    """
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise InputError(f"There is no configuration {path}.")
        text = path.read_text(encoding="utf-8")
    else:
        shipped = sorted(f.name.removesuffix(".toml") for f in files("train.configs").iterdir() if f.name.endswith(".toml"))
        if name not in shipped:
            raise InputError(
                f"There is no configuration {name!r}.", f"Shipped: {', '.join(shipped)}; or give the path of a .toml file."
            )
        text = files("train.configs").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    try:
        return Config.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name} is not TOML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{name}: `{'.'.join(str(p) for p in first['loc'])}`: {first['msg']}.") from error
