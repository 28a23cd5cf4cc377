"""Mistakes that people make in layers and update rules: what comes out of them, and what to say about them.

MISTAKES holds those of each layer. The checks compare with them what an implementation computed (convkit.diagnosis);
`python -m convkit.mistakes` plants each of them in the reference and prints which check catches it.
"""

from convkit.mistakes.activations import ACTIVATIONS
from convkit.mistakes.affine import AFFINE
from convkit.mistakes.avg_pool import AVG_POOL
from convkit.mistakes.conv import CONV
from convkit.mistakes.dropout import DROPOUT
from convkit.mistakes.losses import LOSSES
from convkit.mistakes.mistake import Call as Call
from convkit.mistakes.mistake import Mistake
from convkit.mistakes.normalization import NORMALIZATION
from convkit.mistakes.pool import POOL
from convkit.mistakes.squeeze_excite import SQUEEZE_EXCITE
from convkit.mistakes.upsampling import UPSAMPLING

MISTAKES: dict[str, list[Mistake]] = {
    **AFFINE,
    **ACTIVATIONS,
    **CONV,
    **POOL,
    **AVG_POOL,
    **NORMALIZATION,
    **DROPOUT,
    **SQUEEZE_EXCITE,
    **LOSSES,
    **UPSAMPLING,
}
