"""Score against the number of training films, on real tuberculosis across sources.

    python benchmarks/learning_curve.py ../shared/data/chest --cache DIR [--draws 3]

The films, features and folds of benchmarks/tb_sources.py (its cache is read, or made), the settings of the
packaged demonstration model: trained on a part of one tuberculosis collection and half of the normal films,
tested on all of the other. Nested subsets of patients, several draws, the same test films at every size;
beside it the grey-level features outside the lungs. Both directions are averaged.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

from napari_tbcad.evaluate.learning import learning_curve, reading
from tb_sources import CHOSEN, columns_of, design, measured


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder of the chest data sets")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    films = measured(asked.data / "tb_multisource", asked.cache, "tb_multisource", workers=asked.workers)
    data, folds = design(films)
    columns = columns_of(list(data.tables.inside.columns))["modes + texture + opacity"]
    outside = data.tables.outside
    curve = learning_curve(
        data.tables.inside[columns],
        data.labels,
        folds,
        method="hierarchical_svm",
        control=outside[[column for column in columns if column in outside]],
        groups=data.patients,
        options=CHOSEN,
        draws=asked.draws,
    )
    print(f"tb_multisource across sources, {datetime.date.today()}, {len(data.labels)} films, {CHOSEN}")
    print("films  with TB  draw   AUC (95 %)             outside   all films score more by (95 %)")
    for row in curve.itertuples():
        more = f"{row.to_full:+.3f} ({row.to_full_low:+.3f} … {row.to_full_high:+.3f})"
        figure = f"{row.auc:.3f} ({row.low:.3f}–{row.high:.3f})"
        print(f"{row.n:5d}  {row.n_tb:7d}  {row.repeat:4d}   {figure:22s} {row.control_auc:.3f}     {more}")
    print(reading(curve))


if __name__ == "__main__":
    main()
