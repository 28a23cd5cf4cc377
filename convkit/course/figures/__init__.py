"""Drawings that only the notebooks need; those of general use are in convkit.vis_utils. A file for each idea."""

from convkit.course.figures.guess import plot_guess
from convkit.course.figures.named_images import plot_named_images
from convkit.course.figures.neuron import plot_neuron
from convkit.course.figures.own_filter import plot_own_filter
from convkit.course.figures.positions import plot_positions
from convkit.course.figures.tracks import plot_track
from convkit.course.figures.who_sees import plot_who_sees

__all__ = [
    "plot_guess",
    "plot_named_images",
    "plot_neuron",
    "plot_own_filter",
    "plot_positions",
    "plot_track",
    "plot_who_sees",
]
