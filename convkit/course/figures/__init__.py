"""Drawings that only the notebooks need; those of general use are in convkit.vis_utils. A file for each idea."""

from convkit.course.figures.change_by_shift import plot_change_by_shift
from convkit.course.figures.gates import plot_gates
from convkit.course.figures.guess import plot_guess
from convkit.course.figures.matrix_products import plot_matrix_product
from convkit.course.figures.named_images import plot_named_images
from convkit.course.figures.neuron import plot_neuron
from convkit.course.figures.own_filter import plot_own_filter
from convkit.course.figures.pool_steps import plot_pool_step
from convkit.course.figures.positions import plot_positions
from convkit.course.figures.side_by_side import plot_side_by_side
from convkit.course.figures.slopes import plot_slopes, plot_step_errors
from convkit.course.figures.softmax_bars import plot_softmax
from convkit.course.figures.tracks import plot_track
from convkit.course.figures.who_sees import plot_who_sees

__all__ = [
    "plot_change_by_shift",
    "plot_gates",
    "plot_guess",
    "plot_matrix_product",
    "plot_named_images",
    "plot_neuron",
    "plot_own_filter",
    "plot_pool_step",
    "plot_positions",
    "plot_side_by_side",
    "plot_slopes",
    "plot_softmax",
    "plot_step_errors",
    "plot_track",
    "plot_who_sees",
]
