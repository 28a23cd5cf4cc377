"""Drawings that only the notebooks need; those of general use are in convkit.vis_utils. A file for each idea."""

from convkit.course.figures.affine_filter import plot_affine_filter
from convkit.course.figures.as_rows import plot_as_rows
from convkit.course.figures.averaged import plot_averaged
from convkit.course.figures.change_by_shift import plot_change_by_shift
from convkit.course.figures.cross_entropy import plot_cross_entropy
from convkit.course.figures.depthwise import plot_depthwise
from convkit.course.figures.descent import plot_descent
from convkit.course.figures.detectors import plot_detectors
from convkit.course.figures.dropout_masks import plot_dropout
from convkit.course.figures.examples import plot_examples
from convkit.course.figures.field_cone import plot_field_cone
from convkit.course.figures.flow import plot_flow
from convkit.course.figures.gap import plot_gap
from convkit.course.figures.gates import plot_gates
from convkit.course.figures.gradient_norms import plot_gradient_norms
from convkit.course.figures.guess import plot_guess
from convkit.course.figures.im2col import plot_im2col, plot_overlaps
from convkit.course.figures.image_row import plot_image_row
from convkit.course.figures.matrix_products import plot_matrix_product
from convkit.course.figures.named_images import plot_named_images
from convkit.course.figures.neuron import plot_neuron
from convkit.course.figures.norm_graph import plot_norm_graph
from convkit.course.figures.normalized import plot_normalized
from convkit.course.figures.own_filter import plot_own_filter
from convkit.course.figures.penalty import plot_penalty
from convkit.course.figures.pool_steps import plot_pool_step
from convkit.course.figures.positions import plot_positions
from convkit.course.figures.residual_block import plot_residual_block
from convkit.course.figures.running_averages import plot_running_averages
from convkit.course.figures.scaled_columns import plot_scaled_columns
from convkit.course.figures.schedule_curves import plot_schedules
from convkit.course.figures.score_map import plot_score_map
from convkit.course.figures.seconds import plot_seconds
from convkit.course.figures.separated import plot_separated
from convkit.course.figures.shapes import plot_shapes
from convkit.course.figures.side_by_side import plot_side_by_side
from convkit.course.figures.slopes import plot_slopes, plot_step_errors
from convkit.course.figures.softmax_bars import plot_softmax
from convkit.course.figures.spread import plot_spread
from convkit.course.figures.squeeze_excite import plot_squeeze_excite
from convkit.course.figures.stamps import plot_stamps
from convkit.course.figures.taken_away import plot_taken_away
from convkit.course.figures.tracks import plot_track
from convkit.course.figures.upsampled import plot_upsampled
from convkit.course.figures.who_sees import plot_who_sees

__all__ = [
    "plot_affine_filter",
    "plot_as_rows",
    "plot_averaged",
    "plot_change_by_shift",
    "plot_cross_entropy",
    "plot_depthwise",
    "plot_descent",
    "plot_detectors",
    "plot_dropout",
    "plot_examples",
    "plot_field_cone",
    "plot_flow",
    "plot_gap",
    "plot_gates",
    "plot_gradient_norms",
    "plot_guess",
    "plot_im2col",
    "plot_image_row",
    "plot_matrix_product",
    "plot_named_images",
    "plot_neuron",
    "plot_norm_graph",
    "plot_normalized",
    "plot_overlaps",
    "plot_own_filter",
    "plot_penalty",
    "plot_pool_step",
    "plot_positions",
    "plot_residual_block",
    "plot_running_averages",
    "plot_scaled_columns",
    "plot_schedules",
    "plot_score_map",
    "plot_seconds",
    "plot_separated",
    "plot_shapes",
    "plot_side_by_side",
    "plot_slopes",
    "plot_softmax",
    "plot_spread",
    "plot_squeeze_excite",
    "plot_stamps",
    "plot_step_errors",
    "plot_taken_away",
    "plot_track",
    "plot_upsampled",
    "plot_who_sees",
]
