# ruff: noqa: E501 (sentences of two languages, not code)
"""The words of a comparison's report, in English and Indonesian."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "id"]
Texts = Mapping[str, str]

TEXTS: Mapping[Language, Texts] = {
    "en": {
        "notice": "Research use only. Not for diagnosis.",
        "short": "In short",
        "collection": "Collection",
        "contents": "Contents",
        "never_pooled": "Collections are never mixed: each has its own tables, intervals and tests.",
        "simulated": "Made by this program's simulator: the labels are exact, the scans are not real.",
        "as_given": "The labels are taken as the truth. Where a program drew them and not a physician, the scores "
        "say how well a method copies that program.",
        "question_classes": "Four or three classes?",
        "about_classes": "{main}, trained with normal hotspots as a class of their own (four classes: background, "
        "bone, abnormal, normal) and with normal hotspots as bone (three). For the comparison, four classes are "
        "read as three: normal hotspots count as bone.",
        "question_views": "Anterior or posterior view?",
        "about_views": "{main} has a network for each view. Both are judged on the same patients, each on its own "
        "image, and a lesion may be visible in one view only: this compares the tasks as much as the networks.",
        "question_networks": "Which method?",
        "about_networks": "{main} against the other networks, with the same data, split, variation, loss, length and "
        "number of tuning trials, against methods that know grey levels alone, and against the control: a method that knows where "
        "hotspots lay in training images, and never sees the scan that it judges.",
        "place_warning": "{view}: this score can be had without looking at the scan. F1 of abnormal pixels: {methods}, place alone "
        "{value}, which is not below the lower end of their intervals.",
        "question_image": "Is the view abnormal at all?",
        "about_image": "The image classifier answers only this; it marks no place and gives no index. The others call a "
        "view abnormal as surely as their surest lesion. Sensitivity and specificity are those at a score of "
        "0.5, to which nothing was tuned.",
        "nothing_tested": "No two finished runs can be compared yet.",
        "is_better": "{first} ({a}) did better than {others}.",
        "is_worse": "{others} did better than {first} ({a}).",
        "is_open": "No difference was shown between {first} ({a}) and {others}.",
        "is_open_many": "No difference was shown between {first} ({a}) and any of {others}.",
        "is_few": "Between {first} ({a}) and {others} nothing can be tested: with {n} patients no test of this family "
        "can reach the level.",
        "is_undefined": "Between {first} and {others} nothing can be tested: the measure is not defined.",
        "is_unsteady": "Between {first} ({a}) and {others} the trainings disagree: the patients tell them apart, but with other "
        "seeds the difference has the other sign.",
        "effect": "Difference {difference} {interval}, p {p} after correction.",
        "once": "Every network was trained once only: how much another training would differ is not known.",
        "and": " and ",
        "or": " or ",
        "view": "View",
        "view_anterior": "Anterior",
        "view_posterior": "Posterior",
        "view_both": "Both views",
        "the_view_anterior": "the anterior view",
        "the_view_posterior": "the posterior view",
        "method": "Method",
        "labels": "Trained with",
        "scheme_4": "four classes",
        "scheme_3": "three classes",
        "in_common": "(read as three)",
        "measure": "Measure",
        "first": "First",
        "second": "Second",
        "difference": "Difference (95 %)",
        "p": "p",
        "p_holm": "p, Holm",
        "pairs": "Seeds agree",
        "reading": "Reading",
        "better": "{which} better",
        "not_shown": "no difference shown",
        "unsteady": "trainings disagree",
        "too_few": "too few patients",
        "not_defined": "not defined",
        "abnormal": "abnormal",
        "normal": "normal",
        "bone": "bone",
        "f1": "F1",
        "iou": "IoU",
        "mean_iou": "mean IoU",
        "accuracy": "pixel accuracy",
        "mae": "mean absolute error, %",
        "mae_table": "error of the index, %",
        "mae_short": "Bone Scan Index, mean absolute error in %",
        "bias": "bias (found − labels), %",
        "r": "correlation r",
        "auc": "AUC",
        "sensitivity": "sensitivity",
        "specificity": "specificity",
        "lesions_at": "lesions at {point} FP a view",
        "pixels_title": "Pixels",
        "lesions_title": "Lesions: sensitivity at 1, 2, 3, 5 and 8 false positives (FP) a view",
        "index_title": "Bone Scan Index",
        "image_title": "Whole views",
        "tests_title": "Paired tests",
        "summary_title": "At a glance",
        "summary_note": "Anterior · posterior, means over seeds; intervals and tests stand with the questions. Mean "
        "IoU is over a scheme's own classes: between 4 and 3 classes it compares nothing. Seconds a scan: both views.",
        "cost_title": "What each method costs",
        "seeds_title": "Spread of seeds: F1 of abnormal pixels",
        "clean_column": "FP a clean view",
        "lesions_note": "FP a clean view: of views without any lesion, at the threshold that makes {point} FP a view in all of them. A "
        "method that never makes so many is given its last point.",
        "tests_note": "{tests} tests, p values corrected together (Holm); {patients} patients. Difference: first − "
        "second, its interval not corrected. Seeds agree: pairs of trainings whose difference has this sign. "
        "“No difference shown” is not “equal”: the interval says which differences remain possible.",
        "runs": "Runs",
        "scheme": "Classes",
        "weights": "Weights",
        "epochs": "Epochs",
        "steps": "Steps",
        "rates": "Learning rates",
        "minutes": "Training, min",
        "seconds_scan": "Seconds a scan",
        "none": "none",
        "cost_note": "Training: median of the runs of one view, without tuning. Seconds a scan: both views, median, "
        "on the machine of this comparison, which may have been busy with other work.",
        "each_seed": "F1 by seed",
        "seed_spread": "Lowest to highest seed",
        "patient_width": "Width of the interval over patients",
        "seeds_note": "The interval says what other patients would change, the seeds what another training would. "
        "Neither contains the other.",
        "forest": "F1 of abnormal pixels: lines are 95 % intervals over patients, ticks the seeds",
        "froc": "Free-response curves: share of lesions found against false positives a view; means over seeds",
        "index_figure": "Bone Scan Index found against that of the labels (above), and their difference (below); a "
        "sign a patient and seed",
        "roc": "ROC curves of whole views; a thin line a seed",
        "froc_x": "false positives a view",
        "froc_y": "share of lesions found",
        "index_labels": "index of the labels, %",
        "index_found": "index found, %",
        "index_mean": "mean of both, %",
        "index_difference": "found − labels, %",
        "agreement": "bias {bias}, limits {low} to {high}",
        "index_missing": "No index could be made yet: it needs the runs of both views.",
        "done": "What was done",
        "description": "About",
        "date": "Date",
        "program": "Program",
        "patients": "Patients",
        "split": "{train} trained on, {validation} watched, {test} tested; one split for all runs",
        "tested": "Tested in {source}",
        "tested_images": "{patients} patients, {images} views, {abnormal} of them abnormal",
        "budget": "Budget",
        "budget_text": "epochs: at most {epochs}; batch: {batch}; learning rates tried by every network, scheme and view: {rates}, "
        "epochs of each trial: {tuning}",
        "seeds": "Seeds",
        "index_made": "Index",
        "index_text": "weights {weights}, views: {rule}; the labels' index with the same regions",
        "terms": "Terms of {source}",
        "missing": "Not done yet",
        "missing_text": "Unfinished: {n} of {all} runs are missing, and this report is made without them:",
        "failed": "Images that could not be judged",
        "how": "How it was measured",
        "how_text": "F1, IoU and accuracy are made of the pixels of all images together; a class that no label has gets "
        "no score. Mean IoU is over the classes but the background. Accuracy is printed because others print it: "
        "nearly all pixels are background. | A found lesion counts when its middle lies on a true one or a third "
        "of its pixels do; a benign hotspot called abnormal is a false positive. | Intervals: patients drawn "
        "again {bootstrap} times, everything computed anew, mean over seeds. | Tests: the results of two methods "
        "exchanged patient by patient, all seeds at once, {permutations} times or in all ways there are; "
        "two-sided, corrected by Holm within one question and collection. A difference is called one when the "
        "corrected p value is at most 0.05, the interval leaves out 0 and the trainings agree (nine of ten pairs of "
        "seeds; of two seeds, all).",
        "limits": "What it does not show",
        "limit_tuning": "In {n} of {all} cases the trials did not tell the learning rates apart (best and second best differ by "
        "less than {least}): chance chose the rate there, and a method may look worse than it is. Longer trials "
        "(tuning.epochs) would tell.",
        "limit_patients": "{source}: {n} tested patients. Differences smaller than the intervals are wide cannot be seen.",
        "limit_few": "{source}: only {n} tested patients. Intervals from so few are too narrow; read them as a lower bound.",
        "limit_seeds": "Trained with {n} seeds: the difference between seeds is an impression, not an estimate. Tests and "
        "intervals are about these trained networks on other patients, not about other trainings.",
        "limit_steps": "No training was longer than {steps}. Which network is best after this budget need not be best "
        "after a longer one.",
        "limit_steps_unit": "{n} steps",
        "limit_epochs_unit": "{n} epochs",
        "limit_simulated": "{source} is simulated. A ranking there is one on the simulator, whose lesions are simpler than "
        "real ones.",
        "limit_labels": "{source}: how right the labels are was not examined here. Nobody read these scans anew.",
        "limit_grey": "Threshold and k-means cannot tell normal from abnormal: in four classes all they find counts as "
        "abnormal.",
        "limit_index": "The index is compared with that of the labels, not with the patient's tumour load or fate.",
        "limit_place": "All patients of a collection come from one place; nothing here says how a method does elsewhere.",
        "limit_use": "Nothing here is about use in patients.",
        "split_missing": "not known",
        "more": "All numbers: question_classes.csv, question_views.csv, question_networks.csv, image_level.csv, tests.csv, "
        "froc.csv, runs.csv, tuning.csv beside this page.",
    },
    "id": {
        "notice": "Hanya untuk penelitian. Bukan untuk diagnosis.",
        "short": "Ringkasan",
        "collection": "Kumpulan data",
        "contents": "Isi",
        "never_pooled": "Kumpulan data tidak pernah dicampur: masing-masing punya tabel, selang, dan uji sendiri.",
        "simulated": "Dibuat oleh simulator program ini: labelnya tepat, tetapi citranya tidak nyata.",
        "as_given": "Label dianggap benar. Bila label dibuat oleh program dan bukan dokter, skor menyatakan seberapa baik "
        "metode meniru program itu.",
        "question_classes": "Empat atau tiga kelas?",
        "about_classes": "{main}, dilatih dengan hotspot normal sebagai kelas sendiri (empat kelas: latar, tulang, abnormal, "
        "normal) dan dengan hotspot normal sebagai tulang (tiga). Untuk perbandingan, empat kelas dibaca sebagai "
        "tiga: hotspot normal dihitung sebagai tulang.",
        "question_views": "Tampak anterior atau posterior?",
        "about_views": "{main} punya satu jaringan untuk tiap tampak. Keduanya dinilai pada pasien yang sama, masing-masing "
        "pada citranya sendiri, dan lesi dapat terlihat pada satu tampak saja: yang dibandingkan adalah tugasnya, "
        "tidak hanya jaringannya.",
        "question_networks": "Metode mana?",
        "about_networks": "{main} dibanding jaringan lain, dengan data, pembagian, variasi, fungsi rugi, lama, dan jumlah "
        "percobaan penyetelan yang sama, dibanding metode yang hanya mengenal tingkat keabuan, dan dibanding kontrol: metode yang "
        "tahu di mana hotspot berada pada citra latih, dan tidak pernah melihat skan yang dinilainya.",
        "place_warning": "{view}: skor ini dapat dicapai tanpa melihat skan. F1 piksel abnormal: {methods}, letak saja "
        "{value}, yang tidak di bawah batas bawah selang kepercayaannya.",
        "question_image": "Apakah tampak ini abnormal?",
        "about_image": "Pengklasifikasi citra hanya menjawab ini; ia tidak menandai tempat dan tidak memberi indeks. Metode lain "
        "menyebut tampak abnormal seyakin lesinya yang paling yakin. Sensitivitas dan spesifisitas adalah pada "
        "skor 0,5, yang tidak disetel.",
        "nothing_tested": "Belum ada dua pelatihan selesai yang dapat dibandingkan.",
        "is_better": "{first} ({a}) lebih baik daripada {others}.",
        "is_worse": "{others} lebih baik daripada {first} ({a}).",
        "is_open": "Tidak terbukti ada perbedaan antara {first} ({a}) dan {others}.",
        "is_open_many": "Tidak terbukti ada perbedaan antara {first} ({a}) dan salah satu dari {others}.",
        "is_few": "Antara {first} ({a}) dan {others} tidak ada yang dapat diuji: dengan {n} pasien tidak ada uji dalam "
        "keluarga ini yang dapat mencapai taraf.",
        "is_undefined": "Antara {first} dan {others} tidak ada yang dapat diuji: ukurannya tidak terdefinisi.",
        "is_unsteady": "Antara {first} ({a}) dan {others} pelatihan tidak sependapat: para pasien membedakannya, tetapi dengan "
        "benih lain tanda perbedaannya berlawanan.",
        "effect": "Perbedaan {difference} {interval}, p {p} setelah koreksi.",
        "once": "Tiap jaringan dilatih satu kali saja: seberapa beda pelatihan lain tidak diketahui.",
        "and": " dan ",
        "or": " atau ",
        "view": "Tampak",
        "view_anterior": "Anterior",
        "view_posterior": "Posterior",
        "view_both": "Kedua tampak",
        "the_view_anterior": "tampak anterior",
        "the_view_posterior": "tampak posterior",
        "method": "Metode",
        "labels": "Dilatih dengan",
        "scheme_4": "empat kelas",
        "scheme_3": "tiga kelas",
        "in_common": "(dibaca sebagai tiga)",
        "measure": "Ukuran",
        "first": "Pertama",
        "second": "Kedua",
        "difference": "Perbedaan (95 %)",
        "p": "p",
        "p_holm": "p, Holm",
        "pairs": "Benih sependapat",
        "reading": "Bacaan",
        "better": "{which} lebih baik",
        "not_shown": "perbedaan tidak terbukti",
        "unsteady": "pelatihan tidak sependapat",
        "too_few": "pasien terlalu sedikit",
        "not_defined": "tidak terdefinisi",
        "abnormal": "abnormal",
        "normal": "normal",
        "bone": "tulang",
        "f1": "F1",
        "iou": "IoU",
        "mean_iou": "rerata IoU",
        "accuracy": "akurasi piksel",
        "mae": "rerata galat mutlak, %",
        "mae_table": "galat indeks, %",
        "mae_short": "Bone Scan Index, rerata galat mutlak dalam %",
        "bias": "bias (ditemukan − label), %",
        "r": "korelasi r",
        "auc": "AUC",
        "sensitivity": "sensitivitas",
        "specificity": "spesifisitas",
        "lesions_at": "lesi pada {point} PP per tampak",
        "pixels_title": "Piksel",
        "lesions_title": "Lesi: sensitivitas pada 1, 2, 3, 5, dan 8 positif palsu (PP) per tampak",
        "index_title": "Indeks pemindaian tulang (BSI)",
        "image_title": "Tampak utuh",
        "tests_title": "Uji berpasangan",
        "summary_title": "Sekilas",
        "summary_note": "Anterior · posterior, rerata atas benih; selang dan uji ada pada tiap pertanyaan. Rerata "
        "IoU adalah atas kelas skemanya sendiri: antara 4 dan 3 kelas tidak dapat dibandingkan. Detik per pemindaian: kedua tampak.",
        "cost_title": "Biaya tiap metode",
        "seeds_title": "Sebaran benih: F1 piksel abnormal",
        "clean_column": "PP per tampak bersih",
        "lesions_note": "PP per tampak bersih: pada tampak tanpa lesi, dengan ambang yang membuat {point} PP per tampak pada "
        "semuanya. Metode yang tidak pernah membuat sebanyak itu diberi titik terakhirnya.",
        "tests_note": "{tests} uji, nilai p dikoreksi bersama (Holm); {patients} pasien. Perbedaan: pertama − kedua, selangnya "
        "tidak dikoreksi. Benih sependapat: pasangan pelatihan yang perbedaannya bertanda sama. “Perbedaan tidak "
        "terbukti” bukan berarti “sama”: selang menyatakan perbedaan mana yang masih mungkin.",
        "runs": "Pelatihan",
        "scheme": "Kelas",
        "weights": "Bobot",
        "epochs": "Epoch",
        "steps": "Langkah",
        "rates": "Laju belajar",
        "minutes": "Pelatihan, menit",
        "seconds_scan": "Detik per pemindaian",
        "none": "tidak ada",
        "cost_note": "Pelatihan: median pelatihan satu tampak, tanpa penyetelan. Detik per pemindaian: kedua tampak, median, pada "
        "mesin perbandingan ini, yang mungkin sibuk dengan pekerjaan lain.",
        "each_seed": "F1 tiap benih",
        "seed_spread": "Benih terendah ke tertinggi",
        "patient_width": "Lebar selang atas pasien",
        "seeds_note": "Selang menyatakan apa yang diubah pasien lain, benih menyatakan apa yang diubah pelatihan lain. Yang satu "
        "tidak memuat yang lain.",
        "forest": "F1 piksel abnormal: garis adalah selang 95 % atas pasien, takik adalah benih",
        "froc": "Kurva FROC: bagian lesi yang ditemukan terhadap positif palsu per tampak; rerata atas benih",
        "index_figure": "Indeks yang ditemukan terhadap indeks label (atas), dan selisihnya (bawah); satu tanda per pasien dan "
        "benih",
        "roc": "Kurva ROC tampak utuh; satu garis tipis per benih",
        "froc_x": "positif palsu per tampak",
        "froc_y": "bagian lesi yang ditemukan",
        "index_labels": "indeks label, %",
        "index_found": "indeks ditemukan, %",
        "index_mean": "rerata keduanya, %",
        "index_difference": "ditemukan − label, %",
        "agreement": "bias {bias}, batas {low} sampai {high}",
        "index_missing": "Indeks belum dapat dibuat: perlu pelatihan kedua tampak.",
        "done": "Yang dikerjakan",
        "description": "Tentang",
        "date": "Tanggal",
        "program": "Program",
        "patients": "Pasien",
        "split": "{train} untuk pelatihan, {validation} diamati, {test} diuji; satu pembagian untuk semua",
        "tested": "Diuji pada {source}",
        "tested_images": "{patients} pasien, {images} tampak, {abnormal} di antaranya abnormal",
        "budget": "Anggaran",
        "budget_text": "epoch: paling banyak {epochs}; citra sekali jalan: {batch}; laju belajar yang dicoba tiap jaringan, skema, dan "
        "tampak: {rates}, epoch tiap percobaan: {tuning}",
        "seeds": "Benih",
        "index_made": "Indeks",
        "index_text": "bobot {weights}, tampak: {rule}; indeks label dengan wilayah yang sama",
        "terms": "Ketentuan {source}",
        "missing": "Belum dikerjakan",
        "missing_text": "Belum selesai: {n} dari {all} pelatihan belum ada, dan laporan ini dibuat tanpanya:",
        "failed": "Citra yang tidak dapat dinilai",
        "how": "Cara mengukur",
        "how_text": "F1, IoU, dan akurasi dibuat dari piksel semua citra bersama; kelas yang tidak ada pada label tidak mendapat "
        "skor. Rerata IoU adalah atas semua kelas kecuali latar. Akurasi dicetak karena yang lain mencetaknya: "
        "hampir semua piksel adalah latar. | Lesi yang ditemukan dihitung bila tengahnya terletak pada lesi benar "
        "atau sepertiga pikselnya; hotspot jinak yang disebut abnormal adalah positif palsu. | Selang: pasien "
        "diambil ulang {bootstrap} kali, semuanya dihitung lagi, rerata atas benih. | Uji: hasil dua metode "
        "ditukar pasien demi pasien, semua benih sekaligus, {permutations} kali atau dengan semua cara yang ada; "
        "dua sisi, dikoreksi menurut Holm dalam satu pertanyaan dan kumpulan data. Perbedaan disebut demikian "
        "bila nilai p terkoreksi paling besar 0,05, selangnya tidak memuat 0, dan pelatihan sependapat (sembilan dari "
        "sepuluh pasangan benih; dari dua benih, semuanya).",
        "limits": "Yang tidak ditunjukkan",
        "limit_tuning": "Pada {n} dari {all} kasus percobaan tidak dapat membedakan laju pembelajaran (terbaik dan kedua berbeda kurang "
        "dari {least}): di situ laju dipilih kebetulan, dan suatu metode dapat tampak lebih buruk daripada sebenarnya. "
        "Percobaan lebih lama (tuning.epochs) akan membedakannya.",
        "limit_patients": "{source}: {n} pasien diuji. Perbedaan yang lebih kecil dari lebar selang tidak dapat dilihat.",
        "limit_few": "{source}: hanya {n} pasien diuji. Selang dari sesedikit ini terlalu sempit; bacalah sebagai batas bawah.",
        "limit_seeds": "Dilatih dengan {n} benih: perbedaan antara benih adalah kesan, bukan taksiran. Uji dan selang adalah "
        "tentang jaringan terlatih ini pada pasien lain, bukan tentang pelatihan lain.",
        "limit_steps": "Tidak ada pelatihan yang lebih lama dari {steps}. Jaringan terbaik dengan anggaran ini belum tentu terbaik "
        "dengan yang lebih lama.",
        "limit_steps_unit": "{n} langkah",
        "limit_epochs_unit": "{n} epoch",
        "limit_simulated": "{source} adalah simulasi. Peringkat di sana adalah peringkat pada simulator, yang lesinya lebih "
        "sederhana daripada yang nyata.",
        "limit_labels": "{source}: kebenaran label tidak diperiksa di sini. Tidak ada yang membaca ulang citra ini.",
        "limit_grey": "Ambang dan k-means tidak dapat membedakan normal dari abnormal: dalam empat kelas, semua yang mereka "
        "temukan dihitung abnormal.",
        "limit_index": "Indeks dibandingkan dengan indeks label, bukan dengan beban tumor atau nasib pasien.",
        "limit_place": "Semua pasien satu kumpulan berasal dari satu tempat; tidak ada yang menyatakan kinerja di tempat lain.",
        "limit_use": "Tidak ada yang di sini tentang penggunaan pada pasien.",
        "split_missing": "tidak diketahui",
        "more": "Semua angka: question_classes.csv, question_views.csv, question_networks.csv, image_level.csv, tests.csv, "
        "froc.csv, runs.csv, tuning.csv di samping halaman ini.",
    },
}
"""Text by language and key."""
