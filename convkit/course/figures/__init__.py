"""Drawings that only the notebooks need; those of general use are in convkit.vis_utils. A file for each idea."""

from convkit.course.figures.affine_filter import plot_affine_filter
from convkit.course.figures.gradient_norms import plot_gradient_norms
from convkit.course.figures.image_row import plot_image_row
from convkit.course.figures.residual_block import plot_residual_block
from convkit.course.figures.score_map import plot_score_map
from convkit.course.figures.squeeze_excite import plot_squeeze_excite
from convkit.course.figures.who_sees import plot_who_sees

__all__ = [
    "plot_affine_filter",
    "plot_gradient_norms",
    "plot_image_row",
    "plot_residual_block",
    "plot_score_map",
    "plot_squeeze_excite",
    "plot_who_sees",
]
