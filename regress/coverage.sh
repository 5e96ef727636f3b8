#!/bin/bash
# Lines and branches that unit tests and regression scripts reach: build/coverage/html/index.html
set -eu
cd "$(dirname "$0")/.."
top=$PWD
rm -rf build/coverage
mkdir -p build/coverage
git ls-files -z -- Makefile META.json core sqlite_ext regress sql expected demo README.md docs |
    xargs -0 cp --parents -t build/coverage
cd build/coverage
make -s -j2 CFLAGS="-O0 -g --coverage" LDFLAGS=--coverage sqlite units-plain >/dev/null
mkdir -p build/log
regress/unit.sh build/unit | tail -n 1
/usr/bin/python3 regress/run_sqlite.py | tail -n 1
lcov --quiet --capture --rc lcov_branch_coverage=1 --directory build/core --directory build/sqlite_ext \
    --output-file all.info
lcov --rc lcov_branch_coverage=1 --summary all.info
genhtml --quiet --branch-coverage --output-directory html all.info
echo "$top/build/coverage/html/index.html"
