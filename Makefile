# Everything a newcomer needs: `make demo` and `make test` set the machine up (Debian: by apt), build, run.

SWIFT := swift
WGAN := .build/release/wgan
DEMO_STEPS := 2450
SOURCES := Package.swift Sources Tests Benchmarks/wgan-bench Examples

# Where make install puts things: PREFIX, below DESTDIR when a package is made.
PREFIX := /usr/local
DESTDIR :=

.PHONY: build setup demo stage install uninstall dist test test-dependence test-arm64 test-mpi mpi test-install \
  same-bits torture soak bench report peers frameworks parity fuzz sanitize browser-test browser-test-demo docs-test \
  check-weights check-tensorboard format lint clean

build: setup
	$(SWIFT) build -c release

setup:
	@Scripts/setup

# Trains on the built-in synthetic faces for about three minutes on two cores. Again: it begins anew.
demo: setup
	$(SWIFT) build -c release --product wgan
	@rm -rf demo
	$(WGAN) train --data synthetic --preset photos --out demo --generator-steps $(DEMO_STEPS)

# The tools for machines without Swift, with manual pages and completions, laid out as they are installed.
stage: setup
	@Scripts/setup --static
	@Scripts/stage

install: stage
	@DESTDIR="$(DESTDIR)" Scripts/install "$(PREFIX)"

uninstall:
	@DESTDIR="$(DESTDIR)" Scripts/install --remove "$(PREFIX)"

# The same as an archive, dist/wgan-VERSION-linux-ARCH.tar.gz.
dist: stage
	@Scripts/dist

# All tests, in release mode: what is tested is what runs. (No @testable: it would take another build of everything.)
# Then a package that depends on this one, and whether one can by version.
test: setup
	$(SWIFT) build -c release
	$(SWIFT) test -c release --disable-xctest --disable-testable-imports
	$(SWIFT) run -c release --package-path Examples/TrainAndSample --scratch-path .build-examples
	@Scripts/test-dependence

# A package that depends on this one by version, built and run: minutes.
test-dependence: setup
	@Scripts/test-dependence --build

# Whether what is installed runs without Swift, and goes away again.
test-install: stage
	@Scripts/test-install

# Whether this tree computes the same bits as another commit: BASE=COMMIT. ONLY="demo mlp": these cases alone.
same-bits: setup
	@Scripts/same-bits "$(BASE)" $(ONLY)

# What reads files from anywhere, with inputs that break them: MINUTES=5 in all. Scripts/fuzz has more flags.
fuzz: setup
	@Scripts/fuzz --seconds "$$(($(or $(MINUTES),5) * 60 * $$(nproc) / 9))" $(ONLY)

# The page of `wgan watch` in Chromium, while a tiny run trains. SHOTS=FOLDER keeps pictures of it.
browser-test: setup
	$(SWIFT) build -c release --product wgan
	python=$$(Tests/Browser/setup.sh) && "$$python" Tests/Browser/test_page.py --wgan $(WGAN) \
	  $(if $(SHOTS),--screenshots "$(SHOTS)")

# `make demo`, watched from its start to its end.
browser-test-demo: setup
	python=$$(Tests/Browser/setup.sh) && "$$python" Tests/Browser/test_demo.py --wgan $(WGAN) \
	  $(if $(SHOTS),--screenshots "$(SHOTS)")

# The commands of README and docs, as they stand there.
docs-test: setup
	$(SWIFT) build -c release
	python3 Tests/Docs/docs_test.py

# The kernels for arm64 under emulation: right, the same bits as AVX2, and no spills in their loops.
test-arm64: setup
	@Scripts/test-arm64

# wgan with MPI, in .build-mpi: mpirun -n 4 .build-mpi/release/wgan train ... trains on four processes or machines.
# WGAN_MPI=mpich: with that, or what else pkg-config knows.
mpi: setup
	@Scripts/setup --mpi
	$(SWIFT) build -c release --product wgan --traits MPI --scratch-path .build-mpi

# Whether ranks train what one process does, and what becomes of a run when one of them dies.
test-mpi: mpi
	@Scripts/test-mpi

# The tests with the address sanitizer, then with the thread sanitizer.
sanitize: setup
	@Scripts/sanitize address
	@Scripts/sanitize thread

# Whether a run loses anything when it's killed, when its files' calls fail, when the disk is full: kills at each call
# and COUNT=100 at random. And whether a long one grows: MINUTES=10. (TORTURE="at CASE DO POINT": one point again.)
torture: setup
	$(SWIFT) build -c release --product wgan
	@Scripts/torture $(TORTURE)

soak: setup
	$(SWIFT) build -c release --product wgan
	@Scripts/soak

# This machine's limits; each convolution (and the 3x3 layer that --extra-layers adds) and each step of the preset blog
# next to them. With DATA=FOLDER also how fast that folder's pictures are prepared.
bench: setup
	$(SWIFT) build -c release --product wgan-bench
	.build/release/wgan-bench peak
	.build/release/wgan-bench conv --extra-layers 1
	.build/release/wgan-bench step
	$(if $(DATA),.build/release/wgan-bench data --data "$(DATA)")

# All of that once more, written to perf-reports/<date>-<processor>, with the ratios of the last `make peers` where
# there was one. DATA=FOLDER also times reading that folder's pictures.
report: setup
	$(SWIFT) build -c release --product wgan-bench
	.build/release/wgan-bench report --isa all --commit "$$(git describe --always --dirty 2>/dev/null || echo unknown)" \
	  $(if $(wildcard peers.json),--peers peers.json) $(if $(DATA),--data "$(DATA)")

# The same work in PyTorch and here, in turn, and the ratios, also as peers.json; steps also in other frameworks where
# `make frameworks` installed them. PEERS: more of compare.py's flags, such as PEERS="--quick --only conv,steps".
peers: setup
	$(SWIFT) build -c release
	python=$$(Benchmarks/peers/setup.sh) && "$$python" Benchmarks/peers/compare.py --ours .build/release/wgan-bench \
	  --wgan .build/release/wgan --json peers.json $(PEERS)

# JAX, TensorFlow and onnxruntime, for `make peers`: 2 GB in .venv-frameworks. IPEX=1: also Intel's extension for
# PyTorch with a PyTorch of its own, 7 GB in .venv-ipex.
frameworks:
	@Benchmarks/peers/setup_frameworks.sh
	$(if $(IPEX),@Benchmarks/peers/setup_frameworks.sh ipex)

# The steps of every preset and kind of net here and in PyTorch, made anew: a table of the largest differences. Fails
# where one is above its tolerance, or where the committed files (Tests/WGANTests/Golden) aren't what PyTorch computes.
parity: setup
	$(SWIFT) build -c release
	python=$$(Benchmarks/peers/setup.sh) && rm -rf .build/parity && \
	  "$$python" Tests/WGANTests/Golden/make_golden.py --check .build/parity
	@WGAN_PARITY=$(CURDIR)/.build/parity $(SWIFT) test -c release --disable-xctest --disable-testable-imports \
	  --filter GoldenTests > .build/parity/log 2>&1; status=$$?; grep '^|' .build/parity/log; \
	  [ $$status = 0 ] || { cat .build/parity/log; exit $$status; }

# Whether TensorBoard reads what runs write for it: metrics.csv and galleries, number by number.
check-tensorboard: setup
	$(SWIFT) build -c release --product wgan
	@WGAN=$(WGAN) Scripts/check-tensorboard

# Nets exported to PyTorch and onnxruntime and read back, pictures compared.
check-weights: setup
	$(SWIFT) build -c release --product wgan
	python=$$(Benchmarks/peers/setup.sh) && \
	  { "$$python" -c 'import onnx, onnxruntime' 2>/dev/null || \
	    "$$python" -m pip install --quiet --requirement Benchmarks/peers/requirements-weights.txt; } && \
	  "$$python" Benchmarks/peers/check_weights.py --wgan $(WGAN)

format:
	$(SWIFT) format --in-place --parallel --recursive $(SOURCES)

# Also: the environment is one for all threads, so nobody changes it; whoever depends on it takes it as an argument.
lint:
	@Scripts/lint-lines
	@if grep -rnwE 'setenv|unsetenv|putenv|clearenv' --include='*.swift' --include='*.[ch]' $(SOURCES); then \
	  echo "lint: don't change the process's environment: give it as an argument" >&2; exit 1; fi
	$(SWIFT) format lint --strict --parallel --recursive $(SOURCES)

clean:
	rm -rf .build .build-examples .build-dependence .build-same-bits .build-static .build-fuzz .build-sanitize \
	  .build-mpi demo dist
