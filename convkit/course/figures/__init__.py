"""Drawings that only the notebooks need; those of general use are in convkit.vis_utils. A file for each idea."""

from convkit.course.figures.who_sees import plot_who_sees

__all__ = ["plot_who_sees"]
