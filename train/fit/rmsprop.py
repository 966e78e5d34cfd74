"""RMSProp as TensorFlow computes it, which is another algorithm than torch's.

With mean square s (starting at 1) and momentum m (starting at 0), for each weight w with gradient g::

    s <- rho s + (1 - rho) g^2
    m <- momentum m + rate g / sqrt(s + epsilon)
    w <- w - m

torch starts s at 0, takes epsilon out of the root and the rate out of the momentum. With the article's epsilon of 0.1 its
first step at a gradient of 0.001 is ten times as long.
"""

from collections.abc import Iterable

import torch


class TensorFlowRMSProp(torch.optim.Optimizer):
    """The optimizer; `weight_decay` adds that share of the weight to its gradient (L2)."""

    def __init__(
        self,
        parameters: Iterable[torch.nn.Parameter],
        *,
        lr: float,
        rho: float,
        momentum: float,
        epsilon: float,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "rho": rho, "momentum": momentum, "epsilon": epsilon, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: object = None) -> None:  # type: ignore[override]  # it never gives a loss
        """Take one step.

        Raises:
            ValueError: a closure was given; gradients have to be there already.
        """
        if closure is not None:
            raise ValueError("TensorFlowRMSProp takes no closure")
        for group in self.param_groups:
            for w in group["params"]:
                if w.grad is None:
                    continue
                gradient = w.grad.add(w, alpha=group["weight_decay"]) if group["weight_decay"] else w.grad
                state = self.state[w]
                if not state:
                    state["mean_square"] = torch.ones_like(w)
                    state["momentum"] = torch.zeros_like(w)
                state["mean_square"].mul_(group["rho"]).addcmul_(gradient, gradient, value=1 - group["rho"])
                root = state["mean_square"].add(group["epsilon"]).sqrt_()
                state["momentum"].mul_(group["momentum"]).addcdiv_(gradient, root, value=group["lr"])
                w.sub_(state["momentum"])
