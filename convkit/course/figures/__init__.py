"""Drawings that only the notebooks need; those of general use are in convkit.vis_utils. A file for each idea."""

from convkit.course.figures.detectors import plot_detectors
from convkit.course.figures.examples import plot_examples
from convkit.course.figures.separated import plot_separated
from convkit.course.figures.stamps import plot_stamps
from convkit.course.figures.upsampled import plot_upsampled
from convkit.course.figures.who_sees import plot_who_sees

__all__ = ["plot_detectors", "plot_examples", "plot_separated", "plot_stamps", "plot_upsampled", "plot_who_sees"]
