# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
XVFB := xvfb-run -a -s "-screen 0 1280x1024x24"

.PHONY: demo test test-pyside test-borders lint types docs measure clean display

demo: $(STAMP)
	$(BIN)/napari-tbcad demo --out demo_output

# What opens a window runs alone, since windows share one keyboard focus; the rest runs on all cores. Two processes,
# one after the other: with some three hundred windows opened and closed in one, a run ended in a fault of OpenGL.
BONE_PANELS := tests/widgets/bone
test: $(STAMP) display
	$(BIN)/python -m pytest -m "not gui" -n auto
	$(XVFB) $(BIN)/python -m pytest -m gui --ignore $(BONE_PANELS)
	$(XVFB) $(BIN)/python -m pytest -m gui $(BONE_PANELS)

# The panels once more on the other Qt binding. Only the essentials of PySide6, beside PyQt6 in the same
# environment: QT_API says which one napari takes, PYTEST_QT_API which one pytest-qt takes.
test-pyside: $(STAMP) display
	$(BIN)/python -c "import PySide6" 2>/dev/null || \
	  $(BIN)/python -m pip install --quiet --constraint constraints.txt PySide6_Essentials
	QT_API=pyside6 PYTEST_QT_API=pyside6 $(XVFB) $(BIN)/python -X faulthandler -m pytest -m gui tests/widgets --ignore $(BONE_PANELS)
	QT_API=pyside6 PYTEST_QT_API=pyside6 $(XVFB) $(BIN)/python -X faulthandler -m pytest -m gui $(BONE_PANELS)

# The pure tests without torch, napari and Qt, on Pythons 3.12 and 3.13 where they are.
test-borders:
	.ci/borders -n auto

# torch first and by itself: on Linux a plain install takes a CUDA build of several gigabytes, and
# PIP_EXTRA_INDEX_URL or a local wheel can then choose another one.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch torchvision
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[all,test,dev]"
	touch $@

# What Qt and OpenGL need under a virtual display; only where apt and the right to use it are there.
DISPLAY_PACKAGES := xvfb libgl1 libegl1 libgl1-mesa-dri libxcb-cursor0 libxkbcommon-x11-0 libdbus-1-3 \
	libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 \
	libxcb-xinerama0 libxcb-xkb1 libfontconfig1

display:
	@dpkg -s $(DISPLAY_PACKAGES) >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(DISPLAY_PACKAGES) >/dev/null; \
	  else \
	    command -v xvfb-run >/dev/null || { echo "please install: $(DISPLAY_PACKAGES)"; exit 1; }; \
	  fi; }

lint: $(STAMP)
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks

types: $(STAMP)
	$(BIN)/mypy

# The tables of docs/results.md, from the images in ../shared/data.
measure: $(STAMP)
	$(BIN)/python benchmarks/reach.py
	$(BIN)/python benchmarks/bone_reach.py

clean:
	rm -rf $(VENV) .venv-borders-* demo_output build dist .pytest_cache .mypy_cache .ruff_cache
