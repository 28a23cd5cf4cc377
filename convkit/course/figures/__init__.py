"""Drawings that only the notebooks need; those of general use are in convkit.vis_utils. A file for each idea."""

from convkit.course.figures.chain import plot_chain
from convkit.course.figures.detectors import plot_detectors
from convkit.course.figures.examples import plot_examples
from convkit.course.figures.im2col import plot_im2col, plot_overlaps
from convkit.course.figures.pooling import plot_pooling
from convkit.course.figures.seconds import plot_seconds
from convkit.course.figures.shifts import plot_shifts
from convkit.course.figures.slope import plot_slope
from convkit.course.figures.who_sees import plot_who_sees

__all__ = [
    "plot_chain",
    "plot_detectors",
    "plot_examples",
    "plot_im2col",
    "plot_overlaps",
    "plot_pooling",
    "plot_seconds",
    "plot_shifts",
    "plot_slope",
    "plot_who_sees",
]
