"""The words of the report, in English and Indonesian."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from napari_tbcad.chest.classify.card import NOTICE

Language = Literal["en", "id"]

TEXTS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "notice": NOTICE,
        "tested": "Films tested",
        "with_tb": "with tuberculosis",
        "splits": "Splits",
        "program": "Program",
        "scores": "Scores over all test films",
        "intervals": "95 % intervals: Wilson for proportions, bootstrap for F1, DeLong for AUC. With several splits, "
        "films of different splits were scored by different models. share 1: films that stage 1 decided.",
        "controls": "Controls",
        "control": "control",
        "warning": "warning",
        "controls_lead": "The same kind of classifier on features that must not know the answer: near 0.5 is good.",
        "no_control": "No control was computed: nothing shows that these scores come from the lungs.",
        "not_computed": "could not be computed",
        "confounded": "",
        "roc": "ROC curves",
        "calibration": "Calibration",
        "confusion": "Confusion matrices",
        "each": "Each split",
        "remarks": "Remarks of the classifiers",
        "method": "method",
        "fold": "split",
        "share": "share 1",
        "fit": "fit s",
        "precision": "precision",
        "recall": "recall",
        "specificity": "specificity",
        "f1": "F1 (TB)",
        "f1_normal": "F1 (normal)",
        "error_rate": "error rate",
        "accuracy": "accuracy",
        "auc": "AUC",
        "recall_at_specificity_70": "recall at 70 % specificity",
    },
    "id": {
        "notice": "Hanya untuk penelitian. Bukan alat medis; bukan untuk diagnosis, triase, atau keputusan apa pun tentang "
        "pasien.",
        "tested": "Foto yang diuji",
        "with_tb": "dengan tuberkulosis",
        "splits": "Pembagian data",
        "program": "Program",
        "scores": "Skor atas semua foto uji",
        "intervals": "Selang kepercayaan 95 %: Wilson untuk proporsi, bootstrap untuk F1, DeLong untuk AUC. Bila ada beberapa "
        "pembagian, foto dari pembagian yang berbeda dinilai oleh model yang berbeda. bagian 1: foto yang diputuskan tahap 1.",
        "controls": "Kontrol",
        "control": "kontrol",
        "warning": "peringatan",
        "controls_lead": "Pengklasifikasi sejenis dengan fitur yang seharusnya tidak tahu jawabannya: mendekati 0,5 itu baik.",
        "no_control": "Tidak ada kontrol yang dihitung: tidak ada bukti bahwa skor ini berasal dari paru.",
        "not_computed": "tidak dapat dihitung",
        "confounded": "Fitur kontrol saja sudah dapat membedakan kedua kelas (lihat tabel kontrol): data ini terancu, dan skor "
        "pengklasifikasi tidak boleh dibaca sebagai kemampuannya melihat tuberkulosis.",
        "roc": "Kurva ROC",
        "calibration": "Kalibrasi",
        "confusion": "Matriks kebingungan",
        "each": "Tiap pembagian",
        "remarks": "Catatan pengklasifikasi",
        "method": "metode",
        "fold": "pembagian",
        "share": "bagian 1",
        "fit": "latih (s)",
        "precision": "presisi",
        "recall": "sensitivitas (recall)",
        "specificity": "spesifisitas",
        "f1": "F1 (TB)",
        "f1_normal": "F1 (normal)",
        "error_rate": "laju galat",
        "accuracy": "akurasi",
        "auc": "AUC",
        "recall_at_specificity_70": "sensitivitas pada spesifisitas 70 %",
    },
}
"""Text by language and key. An empty text means that the English wording of the source is shown."""
