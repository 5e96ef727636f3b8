#!/bin/bash
# What can be seen without running: layout, borders of the house, scripts.
set -u
cd "$(dirname "$0")/.." || exit 1
. regress/counts.sh

check() { # what command...
    local what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $what"
    fi
}

absent() { # pattern files...
    ! grep -nE "$@"
}

sources=(core/*.[ch] sqlite_ext/*.[ch])
tests=(regress/*.c regress/*/*.[ch])
check "layout (make format)" clang-format --dry-run -Werror "${sources[@]}" "${tests[@]}"
check "core includes no database header" absent '#include.*(sqlite3|postgres|fmgr)' core/*.[ch]
check "core does no I/O and never exits" absent '\b(printf|fopen|exit|abort|puts|getenv)\(' core/*.c
check "nothing left for later" absent '\b(TO''DO|FIX''ME|XX''X|HA''CK)\b' "${sources[@]}" regress/*.py regress/*.sh
check "shell scripts" shellcheck -x -S warning -e SC2054 regress/*.sh regress/*/*.sh demo/*.sh
check "C by cppcheck" cppcheck --quiet --std=c11 --error-exitcode=1 --enable=warning,portability \
    --suppress=nullPointerOutOfMemory --suppress=unknownEvaluationOrder --suppress=ctuuninitvar -I core core/*.c
for file in "${sources[@]}"; do
    case $file in *.c)
        check "clang takes $file" clang -std=c11 -Wall -Wextra -Wshadow -Werror -I core -I sqlite_ext -I . \
            -fsyntax-only "$file"
        ;;
    esac
done
tell_counts
