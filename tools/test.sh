#!/usr/bin/env bash
# Everything that must hold before a change lands: installs what tests need, builds, runs tests and checks.
#
#   tools/test.sh [--full]
#
# --full  also the sanitizers over all rooms (address and undefined behaviour, then threads), a minute of fuzzing for each
#         target of tests/fuzz, and the tests with the label "long": evaluations on the data sets in ../shared (or
#         $ATTUNE_SHARED), which are skipped where absent
#
# Ends with the line "N passed, N failed, N skipped", which counts test cases and checks; the exit code is 0 only when
# nothing failed. A second run builds and lints only what changed.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/steps.sh
. "$here/steps.sh"

full=false
case ${1:-} in
  "") ;;
  --full) full=true ;;
  -h | --help)
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$here/test.sh"
    exit 0
    ;;
  *)
    complain "test.sh does not know $1; see tools/test.sh --help"
    exit 2
    ;;
esac

results=$ATTUNE_ROOT/build/test-results
rm -rf "$results"
mkdir -p "$results"
started=$SECONDS

# A broken step is written down and the next one is tried: one run tells all that is wrong.
broken=()
step() {
  say "$1 (after $((SECONDS - started)) s)"
  shift
  if ! "$@"; then
    broken+=("$*")
    complain "FAILED: $*"
    return 1
  fi
}

# run_tests PRESET [ctest arguments...]: results go to $results/PRESET.xml, the end of each output included, because
# the summary counts test cases there.
run_tests() {
  local preset=$1
  shift
  (cd "$ATTUNE_ROOT" && ctest --preset "$preset" -j "$(build_jobs)" --output-junit "$results/$preset.xml" \
    --test-output-size-passed 100000 --test-output-truncation head "$@" </dev/null)
}

# sanitize PRESET: builds and tests under a sanitizer. Checks of the sources need no second run.
sanitize() { build_preset "$1" tests && run_tests "$1" -LE 'check|long'; }

# The page's test drives Chromium by playwright-core; without them it says that it was skipped.
fetch_browser_driver() {
  [[ -d $ATTUNE_ROOT/node_modules/playwright-core ]] && return
  (cd "$ATTUNE_ROOT" && npm install --no-save --no-package-lock --no-audit --no-fund "playwright-core@1" </dev/null)
}

sections=(build run test)
if $full; then sections+=(browser fuzz); fi
step "Packages" "$here/install_packages.sh" "${sections[@]}"
if command -v npm >/dev/null && command -v chromium >/dev/null; then
  fetch_browser_driver || complain "playwright-core could not be fetched: the page's test will be skipped"
fi
if step "Building the release preset" build_preset release tests; then
  if $full; then
    step "Tests, checks and evaluations" run_tests release
  else
    step "Tests and checks" run_tests release -LE long
  fi
fi
if $full; then
  step "Address and undefined-behaviour sanitizers" sanitize asan
  step "Thread sanitizer" sanitize tsan
  step "Fuzzing, a minute a target" "$here/fuzz.sh" 60
fi

say "Done in $((SECONDS - started)) s"
python3 "$ATTUNE_ROOT/tests/checks/summary.py" "$results" "${#broken[@]}"
status=$?
if ((${#broken[@]} > 0)); then exit 1; fi
exit "$status"
