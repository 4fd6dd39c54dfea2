"""mmagic's residual block in fewer passes over memory; imported once mmagic is."""

from mmagic.models.archs import ResidualBlockNoBN
from torch import Tensor, nn


class InPlaceResidualBlock(ResidualBlockNoBN):
    """Two convolutions whose output is scaled and added to in place: nothing in the backward pass needs it.

    The values are those of mmagic's block to the bit.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) features to features of that shape."""
        residual = self.conv2(self.relu(self.conv1(x)))
        if residual.dtype != x.dtype:
            # Under autocast the sum has the wider type.
            return x + residual * self.res_scale
        if self.res_scale != 1:
            residual = residual.mul_(self.res_scale)
        return residual.add_(x)


def use_in_place_blocks(sr_net: nn.Module) -> None:
    """Have mmagic's residual blocks work in place."""
    for module in sr_net.modules():
        if type(module) is ResidualBlockNoBN:
            module.__class__ = InPlaceResidualBlock
