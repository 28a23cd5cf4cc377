"""The commands of `convkit`, one module each; convkit.cli reads the command line and calls them.

train.py     run a training from beginning to end     settings.py   the options and what they default to
predict.py   classify image files                     run_folder.py what a run leaves on the disk
check.py     check a file of layers                   images.py     data sets as a network takes them
data.py      data sets: list, fetch                   models.py     networks by name
new.py       a file of layers to fill in            grade.py      check the files of a whole class
doctor.py    what works on this machine, what not     which_layers.py  the layers that a run uses
parser.py    the command line's grammar               estimate.py   how long a run will take
"""
