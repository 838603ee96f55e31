"""From a data set to an evaluation folder: looking, measuring, judging, writing; resumable at every step."""
