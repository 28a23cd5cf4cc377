"""The pictures, one file each; convkit.vis_utils is the table of contents."""
