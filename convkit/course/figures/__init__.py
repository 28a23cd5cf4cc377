"""Drawings that only the notebooks need; those of general use are in convkit.vis_utils. A file for each idea."""

from convkit.course.figures.averaged import plot_averaged
from convkit.course.figures.descent import plot_descent
from convkit.course.figures.flow import plot_flow
from convkit.course.figures.gap import plot_gap
from convkit.course.figures.im2col import plot_im2col, plot_overlaps
from convkit.course.figures.norm_graph import plot_norm_graph
from convkit.course.figures.schedule_curves import plot_schedules
from convkit.course.figures.seconds import plot_seconds
from convkit.course.figures.spread import plot_spread
from convkit.course.figures.who_sees import plot_who_sees

__all__ = [
    "plot_averaged",
    "plot_descent",
    "plot_flow",
    "plot_gap",
    "plot_im2col",
    "plot_norm_graph",
    "plot_overlaps",
    "plot_schedules",
    "plot_seconds",
    "plot_spread",
    "plot_who_sees",
]
