"""Calculators: what follows from a network's shapes alone, without a weight being drawn.

summary, receptive_field, lint            of a whole network
solve_size, conv_costs, conv_matrix,      of one convolution
shift_equivariance
"""

from convkit.calculators.cost import conv_costs
from convkit.calculators.equivariance import shift_equivariance
from convkit.calculators.linting import lint
from convkit.calculators.receptive_fields import gradient_support, receptive_field
from convkit.calculators.sizes import solve_size
from convkit.calculators.summaries import summary
from convkit.calculators.toeplitz import conv_matrix

__all__ = [
    "conv_costs",
    "conv_matrix",
    "gradient_support",
    "lint",
    "receptive_field",
    "shift_equivariance",
    "solve_size",
    "summary",
]
