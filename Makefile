# Limbeck: schema migrations inside the database.
#
#   make          sqlite_ext/limbeck.so, and pg_ext/ where pg_config is found
#   make demo     a real history up, down and up again in the stock sqlite3 shell
#   make check    every test on both engines; ends with one line: N passed, N failed
#
# CONTRIBUTING.md says how to run one test.

VERSION := $(shell sed -n 's/^   "version": "\(.*\)",/\1/p' META.json)
PREFIX ?= /usr/local
PYTHON ?= /usr/bin/python3
PG_CONFIG ?= pg_config
CLANG ?= clang
FUZZ_SECONDS ?= 600

CFLAGS ?= -O2 -g
C11 := -std=c11 -Wall -Wextra -Wshadow -Werror -I core -I sqlite_ext -I .
SHARED := -shared -fPIC -fvisibility=hidden -Wl,--version-script=sqlite_ext/exports.map \
	-Wl,-z,noseparate-code # one mapping instead of three: loading is a good part of a short call
SANITIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

core_c := $(wildcard core/*.c)
core_h := $(wildcard core/*.h)
sqlite_c := $(wildcard sqlite_ext/*.c)
sqlite_h := $(wildcard sqlite_ext/*.h)
core_o := $(core_c:%.c=build/%.o)
sqlite_o := $(sqlite_c:%.c=build/%.o)
core_asan := $(core_c:%.c=build/asan/%.o)
units := $(patsubst regress/unit/%.c,%,$(wildcard regress/unit/test_*.c))
fuzzers := $(patsubst regress/fuzz/%.c,%,$(wildcard regress/fuzz/fuzz_*.c))
have_pg := $(and $(wildcard pg_ext/Makefile),$(shell command -v $(PG_CONFIG)))

.PHONY: all sqlite pg demo check deps install installcheck bench bench-full bench-page format lint coverage \
	fuzz dist amalgamation clean units-plain units-asan fuzzers check-unit check-asan check-scripts \
	check-amalgamation check-static check-shell check-docs check-drivers check-differential \
	check-differential-long check-sqlite check-alter \
	check-offline check-fuzz check-pg check-valgrind check-matrix
.DELETE_ON_ERROR:
.SECONDARY:

all: sqlite $(if $(have_pg),pg)

sqlite: sqlite_ext/limbeck.so

pg:
	$(MAKE) -C pg_ext PG_CONFIG=$(PG_CONFIG)

# --- objects ---------------------------------------------------------------------------------

build/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(C11) -fPIC -fvisibility=hidden $(CFLAGS) -MMD -MP -c $< -o $@

build/asan/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(C11) -fPIC $(SANITIZE) -MMD -MP -c $< -o $@

build/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(CLANG) $(C11) $(SANITIZE) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@

-include $(wildcard build/*/*.d build/*/*/*.d build/*/*/*/*.d)

sqlite_ext/limbeck.so: $(core_o) $(sqlite_o) sqlite_ext/exports.map
	$(CC) $(SHARED) $(CFLAGS) $(LDFLAGS) -o $@ $(core_o) $(sqlite_o)

build/asan/limbeck.so: $(core_asan) $(sqlite_c:%.c=build/asan/%.o)
	$(CC) $(SHARED) $(SANITIZE) -o $@ $(filter %.o,$^)

build/unit/%: build/regress/unit/%.o $(core_o)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^ -lcmocka

build/asan/unit/%: build/asan/regress/unit/%.o $(core_asan)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ -lcmocka

build/fuzz/bin/%: build/fuzz/regress/fuzz/%.o $(core_c:%.c=build/fuzz/%.o)
	@mkdir -p $(@D)
	$(CLANG) $(SANITIZE) -fsanitize=fuzzer -o $@ $^

units-plain: $(units:%=build/unit/%)
units-asan: $(units:%=build/asan/unit/%)
fuzzers: $(fuzzers:%=build/fuzz/bin/%)

# --- one file, and linked into a program -----------------------------------------------------

amalgamation: build/amalgamation/limbeck.c

build/amalgamation/limbeck.c: sqlite_ext/amalgamate.py $(core_c) $(core_h) $(sqlite_c) $(sqlite_h)
	@mkdir -p $(@D)
	$(PYTHON) sqlite_ext/amalgamate.py --version "$(VERSION)" core/*.c sqlite_ext/*.c > $@

build/amalgamation/limbeck.so: build/amalgamation/limbeck.c sqlite_ext/exports.map
	$(CC) -std=c11 -Wall -Wextra -Wshadow -Werror $(SHARED) $(CFLAGS) -o $@ $<

# A host program that speaks run_sqlite.py's protocol: once with Limbeck linked in beside SQLite,
# once loading it as everybody does (for valgrind and for other SQLite versions).
build/static/host: regress/sqlite_host.c $(core_o) $(sqlite_c:%.c=build/static/%.o)
	$(CC) -std=c11 -Wall -Wextra -Werror $(CFLAGS) -DSQLITE_CORE -o $@ $^ \
		-Wl,-Bstatic -lsqlite3 -Wl,-Bdynamic -lm -lz -ldl -lpthread

build/static/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(C11) $(CFLAGS) -DSQLITE_CORE -MMD -MP -c $< -o $@

build/host: regress/sqlite_host.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -Wall -Wextra -Werror $(CFLAGS) -o $@ $< -lsqlite3

# --- what it takes ---------------------------------------------------------------------------

deps: deps-check

deps-%: regress/deps.sh
	@$< $*

# --- the main job on the embedded default ----------------------------------------------------

demo: deps-demo
	@echo "building sqlite_ext/limbeck.so"
	@$(MAKE) --no-print-directory -s -j2 sqlite
	@demo/run.sh

# --- tests: each check-NAME prints its own line "N passed, N failed" ------------------------------

check: deps-check
	@PYTHON=$(PYTHON) regress/check.sh

check-unit: units-plain
	@regress/unit.sh build/unit

check-asan: units-asan build/asan/limbeck.so
	@regress/unit.sh build/asan/unit

check-scripts: sqlite
	@$(PYTHON) regress/run_sqlite.py

check-amalgamation: build/amalgamation/limbeck.so
	@$(PYTHON) regress/run_sqlite.py --extension build/amalgamation/limbeck.so

check-static: build/static/host
	@$(PYTHON) regress/run_sqlite.py --host build/static/host

check-shell: sqlite
	@regress/shell.sh

check-docs: sqlite
	@$(PYTHON) regress/docs.py

check-drivers: sqlite
	@regress/drivers/run.sh

check-differential: sqlite
	@$(PYTHON) regress/differential.py

check-differential-long: sqlite
	@$(PYTHON) regress/differential.py --graphs 100000

check-sqlite: sqlite build/asan/limbeck.so
	@regress/sqlite/run.sh

check-formats: sqlite
	@$(PYTHON) regress/formats/run.py

check-alter: sqlite
	@regress/alter/run.sh

check-offline: sqlite
	@$(PYTHON) regress/offline/offline.py

check-fuzz: fuzzers
	@FUZZ_RUNS=20000 regress/fuzz.sh

check-pg:
	@regress/pg.sh

check-valgrind: deps-valgrind sqlite units-plain build/host
	@regress/valgrind.sh

check-matrix:
	@regress/matrix.sh

fuzz: deps-check fuzzers
	@FUZZ_SECONDS=$(FUZZ_SECONDS) regress/fuzz.sh

# Less than ten minutes on two idle processors; bench-full has all of it.
bench: deps-bench sqlite
	@$(PYTHON) bench/run.py

bench-full: deps-bench sqlite
	@$(PYTHON) bench/run.py --full

# The page of results anew.
bench-page: deps-bench sqlite
	@$(PYTHON) bench/run.py --page bench/RESULTS.md

coverage: deps-coverage
	@regress/coverage.sh

lint: deps-lint
	@regress/lint.sh

format: deps-lint
	clang-format -i $(core_c) $(core_h) $(sqlite_c) $(sqlite_h) $(wildcard regress/*.c regress/*/*.[ch])

# --- giving it away --------------------------------------------------------------------------

install: all
	install -d $(DESTDIR)$(PREFIX)/lib
	install -m 755 sqlite_ext/limbeck.so $(DESTDIR)$(PREFIX)/lib/limbeck.so
	$(if $(have_pg),$(MAKE) -C pg_ext install PG_CONFIG=$(PG_CONFIG) DESTDIR=$(DESTDIR))

installcheck:
	$(PYTHON) regress/run_sqlite.py --extension $(DESTDIR)$(PREFIX)/lib/limbeck.so
	$(if $(have_pg),$(MAKE) -C pg_ext installcheck PG_CONFIG=$(PG_CONFIG))

dist: amalgamation
	@mkdir -p build/dist
	git archive --format zip --prefix limbeck-$(VERSION)/ -o build/dist/limbeck-$(VERSION).zip HEAD
	cd build/amalgamation && $(PYTHON) -m zipfile -c ../dist/limbeck-amalgamation-$(VERSION).zip limbeck.c
	@ls -l build/dist

clean:
	rm -rf build sqlite_ext/limbeck.so
	$(if $(have_pg),$(MAKE) -C pg_ext clean PG_CONFIG=$(PG_CONFIG))
