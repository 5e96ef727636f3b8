#!/bin/bash
# The unit tests and the regression scripts under valgrind: no invalid access, nothing lost.
set -u
cd "$(dirname "$0")/.." || exit 1
mkdir -p build/log
check=(valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite
    --errors-for-leak-kinds=definite)
. regress/counts.sh
for program in build/unit/test_*; do
    case $program in *.d | *.o) continue ;; esac
    "${check[@]}" "$program" >build/log/valgrind.log 2>&1
    status=$?
    # What a test says is judged by check-unit (some measure time); here only memory counts.
    if [ "$status" -lt 99 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        tail -n 40 build/log/valgrind.log
    fi
    echo "$program done"
done
scripts=$(/usr/bin/python3 regress/run_sqlite.py --host "${check[*]} build/host" 2>&1)
take_counts "$scripts" $?
echo "$scripts"
tell_counts
