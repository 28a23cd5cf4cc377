"""Pictures of images, weights, training and trained models: a table of contents; each is a file of convkit/vis.

visualize_grid, vis_grid and vis_nn put many images into one array, as in CS231n, for matplotlib's imshow. The plot_
functions return a matplotlib Figure: a notebook shows it, `figure.savefig("name.png")` writes it. They need no display
and change no setting of matplotlib.
"""

from convkit.vis.animation import Animation
from convkit.vis.canvas import BLUE, ORANGE, RED
from convkit.vis.class_images import (
    create_class_visualization,
    make_fooling_image,
    plot_class_images,
    plot_fooling_image,
)
from convkit.vis.confusion import confusion_matrix, plot_confusion
from convkit.vis.conv_matrices import plot_conv_matrix
from convkit.vis.convolution_steps import animate_convolution, plot_convolution_step
from convkit.vis.curves import plot_curves, plot_runs
from convkit.vis.decision_line import animate_learning, plot_decision
from convkit.vis.feature_maps import plot_feature_maps
from convkit.vis.filters import plot_filters
from convkit.vis.grids import vis_grid, vis_nn, visualize_grid
from convkit.vis.histograms import plot_weight_histograms
from convkit.vis.occlusion import occlusion_map, plot_occlusion
from convkit.vis.photo_filters import filter_photo, plot_filtered_photo
from convkit.vis.predictions import plot_predictions
from convkit.vis.receptive_fields import plot_receptive_field
from convkit.vis.reconstructions import plot_reconstructions
from convkit.vis.saliency import compute_saliency_maps, plot_saliency

__all__ = [
    "BLUE",
    "ORANGE",
    "RED",
    "Animation",
    "animate_convolution",
    "animate_learning",
    "compute_saliency_maps",
    "confusion_matrix",
    "create_class_visualization",
    "filter_photo",
    "make_fooling_image",
    "occlusion_map",
    "plot_class_images",
    "plot_confusion",
    "plot_conv_matrix",
    "plot_convolution_step",
    "plot_curves",
    "plot_decision",
    "plot_feature_maps",
    "plot_filtered_photo",
    "plot_filters",
    "plot_fooling_image",
    "plot_occlusion",
    "plot_predictions",
    "plot_receptive_field",
    "plot_reconstructions",
    "plot_runs",
    "plot_saliency",
    "plot_weight_histograms",
    "vis_grid",
    "vis_nn",
    "visualize_grid",
]
