"""What each function that is written in a notebook must do: a file for each notebook, see convkit.course.exercise."""
