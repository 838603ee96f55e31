# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Where compiled modules may not be kept, each of the hundreds of processes that tests start compiles all that it
# imports anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-pyside test-borders lint types audit measure clean display

demo: $(STAMP)
	$(BIN)/napari-tbcad demo --out demo_output

# What opens a window has a display of its own, since windows share one keyboard focus; the rest runs on all cores.
# Several processes: with some three hundred windows opened and closed in one, a run ended in a fault of OpenGL. They
# run side by side, since a window waits much of its time; each looks for a display from its own number on, since two
# that begin at once would take the same one.
BONE_PANELS := tests/widgets/bone
PANELS := $(BIN)/python -X faulthandler -m pytest -m gui
# Mesa's cache of shaders, once filled, ends a program in which one of two images is removed (Mesa 22.3).
WINDOW = MESA_SHADER_CACHE_DISABLE=true xvfb-run -a -n $(1) -s "-screen 0 1280x1024x24"

.PHONY: test-pure test-slow test-times test-panels test-bone-panels test-pyside-panels test-pyside-bone-panels pyside
test: $(STAMP) display
	$(MAKE) test-pure
	$(MAKE) --jobs 3 --output-sync=target test-panels test-bone-panels test-slow

# One thread of numerical libraries a process, since every core has a process of its own: two that share the cores
# took up to three times the processor. No plugin that opens windows, since it brings napari into each. A worker begins with tests
# that lie together and takes others' when it is done, so that what a module prepares is seldom made twice.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS=1
PURE := $(ONE_THREAD) PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(BIN)/python -m pytest -p xdist \
	-W "ignore:Unknown config option"
WORKERS := -n auto --dist worksteal
# More arguments for pytest: `make test-pure ARGS="tests/io -x"`.
ARGS ?=
test-pure:
	$(PURE) -m "not gui and not slow" $(WORKERS) $(ARGS)
# Beside the panels, which wait much of their time.
test-slow:
	$(PURE) -m "slow and not gui" $(ARGS)
# Which pure tests take the processor's time, by file and by test.
test-times:
	PYTHONPATH=benchmarks $(PURE) -p processor_time -m "not gui" $(WORKERS) $(ARGS)
test-panels:
	$(call WINDOW,100) $(PANELS) tests/widgets --ignore $(BONE_PANELS)
test-bone-panels:
	$(call WINDOW,130) $(PANELS) $(BONE_PANELS)

# The panels once more on the other Qt binding. Only the essentials of PySide6, beside PyQt6 in the same
# environment: QT_API says which one napari takes, PYTEST_QT_API which one pytest-qt takes.
PYSIDE := QT_API=pyside6 PYTEST_QT_API=pyside6
test-pyside: test-pyside-panels test-pyside-bone-panels
test-pyside-panels: pyside
	$(PYSIDE) $(call WINDOW,160) $(PANELS) tests/widgets --ignore $(BONE_PANELS)
test-pyside-bone-panels: pyside
	$(PYSIDE) $(call WINDOW,190) $(PANELS) $(BONE_PANELS)
pyside: $(STAMP) display
	$(BIN)/python -c "import PySide6" 2>/dev/null || \
	  $(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt PySide6_Essentials

# The pure tests without torch, napari and Qt, on Pythons 3.12 and 3.13 where they are.
test-borders:
	.ci/borders $(WORKERS)

# torch first and by itself: on Linux a plain install takes a CUDA build of several gigabytes, and
# PIP_EXTRA_INDEX_URL or a local wheel can then choose another one.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt torch torchvision
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable ".[all,test,dev]"
	touch $@

# What Qt and OpenGL need under a virtual display, and a public checker of DICOM files; only where apt and the right
# to use it are there.
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
	@command -v dciodvfy >/dev/null || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq dicom3tools >/dev/null; } || \
	  echo "dicom3tools is not here: DICOM files are not checked with dciodvfy"

lint: $(STAMP)
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks

types: $(STAMP)
	$(BIN)/mypy

# Licences of all libraries, and what is known against their versions where a service can be reached.
audit: $(STAMP)
	$(BIN)/python .ci/licences.py
	$(BIN)/python .ci/audit.py

# The tables of docs/results.md, from the images in ../shared/data.
measure: $(STAMP)
	$(BIN)/python benchmarks/reach.py
	$(BIN)/python benchmarks/bone_reach.py

clean:
	rm -rf $(VENV) .venv-borders-* demo_output build dist .pytest_cache .mypy_cache .ruff_cache
