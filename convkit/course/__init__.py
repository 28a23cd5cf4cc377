"""What the exercise notebooks are made of.

check.py        check(...): the verdict on an exercise, of a layer or of a function written in the notebook
exercises/      what each function of the notebooks must do, a file for each notebook
images.py       the images to train on: a whole data set where it was fetched, else the bundled ones
figures/        drawings that only the notebooks need
show.py         displays something in a notebook, prints words elsewhere
widgets.py      interactive pictures, or still ones where ipywidgets is not installed
source.py       notebooks/src/NN_name.py made into notebooks: to fill in, solved, or for nbgrader
contents.py     the notebooks, and the layers written in each
folder.py       a folder to work in
"""

from convkit.course.check import NotYet, check

__all__ = ["NotYet", "check"]
