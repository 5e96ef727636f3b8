# shellcheck shell=bash
# What the tests say of themselves, read by the scripts that run them: ". regress/counts.sh".
#
# A test ends with a line "N passed, N failed", or it prints a line "ok ..." or "not ok ..." for each check. Both
# functions leave the numbers in p and f and add them to passed and failed; what fails without saying so counts
# as one failure.
passed=0 failed=0

# A test's whole output and exit status, by its last line of counts.
take_counts() { # output status
    local line
    line=$(grep -aE '^[0-9]+ passed, [0-9]+ failed$' <<<"$1" | tail -n 1)
    [ -n "$line" ] || line="0 passed, 1 failed"
    p=${line%% passed*} f=${line##*passed, }
    f=${f%% failed}
    add_up "$2"
}

# The same by its lines "ok" and "not ok", of which there must be one at least.
take_checks() { # output status
    p=$(grep -ac '^ok ' <<<"$1")
    f=$(grep -ac '^not ok ' <<<"$1")
    [ "$p" -gt 0 ] || [ "$f" -gt 0 ] || f=1
    add_up "$2"
}

add_up() { # status
    if [ "$1" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    passed=$((passed + p)) failed=$((failed + f))
}

# What a test printed, without its line of counts.
without_counts() { # output
    grep -avE '^[0-9]+ passed, [0-9]+ failed$' <<<"$1"
}

# The last line of what runs them.
tell_counts() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
