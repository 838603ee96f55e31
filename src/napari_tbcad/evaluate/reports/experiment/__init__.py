"""The report of an experiment, made from the files of an evaluation folder alone."""

from napari_tbcad.evaluate.reports.experiment.page import experiment_html as experiment_html
from napari_tbcad.evaluate.reports.experiment.page import write_reports as write_reports
