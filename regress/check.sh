#!/bin/bash
# make check: builds everything, then runs every part and adds up what the parts say.
#
# A part is a make target check-NAME whose output ends with a line "N passed, N failed". A part that
# prints no such line, or that fails without counting a failure, counts as one failure.
set -u
cd "$(dirname "$0")/.." || exit 1

# The short ones first, so that a broken build is known at once.
parts=(unit asan scripts amalgamation static shell docs drivers differential fuzz sqlite alter pg)

logs=build/log
mkdir -p "$logs"
passed=0 failed=0 broken=()

say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }

count() { # name status log
    local name=$1 status=$2 log=$3 line
    line=$(grep -aE '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
    if [ -z "$line" ]; then
        line="0 passed, 1 failed"
        say "$name: no counts printed (exit status $status)"
    fi
    local p=${line%% passed*} f=${line##*passed, }
    f=${f%% failed}
    [ "$status" -ne 0 ] && [ "$f" -eq 0 ] && f=1
    passed=$((passed + p)) failed=$((failed + f))
    if [ "$f" -ne 0 ]; then
        broken+=("$name")
        echo "---- end of $log"
        tail -n 60 "$log"
        echo "----"
    fi
    say "$name: $p passed, $f failed (${SECONDS}s since the start)"
}

part() {
    say "$1 ..."
    make --no-print-directory -s "check-$1" >"$logs/$1.log" 2>&1
    count "$1" $? "$logs/$1.log"
}

say "building the SQLite library and the PostgreSQL module, warnings as errors"
if make --no-print-directory -s -j2 all >"$logs/build.log" 2>&1; then
    passed=$((passed + 1))
else
    failed=$((failed + 1)) broken+=(build)
    tail -n 40 "$logs/build.log"
fi

for name in "${parts[@]}"; do
    part "$name"
done

[ ${#broken[@]} -eq 0 ] || say "failed: ${broken[*]} (whole output in $logs/)"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
