# Steps that tools/start.sh and tools/test.sh share. Sourced, never run.
# shellcheck shell=bash

# The project's root, whatever folder the caller stands in.
ATTUNE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '\n== %s\n' "$*"; }

complain() { printf '%s\n' "$*" >&2; }

# How many compilers may run at once: one for each core, and 2 GB of free memory for each, because the largest sources
# (Boost.Beast) need about that much.
build_jobs() {
  local cores free_kb by_memory
  cores=$(nproc)
  free_kb=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
  by_memory=$((free_kb / 2000000))
  if ((by_memory < 1)); then by_memory=1; fi
  if ((by_memory < cores)); then echo "$by_memory"; else echo "$cores"; fi
}

# build_preset NAME TESTS [build arguments...]: configures and builds one preset of CMakePresets.json. TESTS is "tests"
# or "no-tests"; without tests neither Python nor doctest is needed. What once had tests keeps them.
build_preset() {
  local preset=$1 tests=$2 log
  local configure=(--preset "$preset")
  shift 2
  if [[ $tests == tests ]]; then
    configure+=(-DATTUNE_BUILD_TESTS=ON)
  elif [[ ! -f $ATTUNE_ROOT/build/$preset/CMakeCache.txt ]]; then
    configure+=(-DATTUNE_BUILD_TESTS=OFF)
  fi
  log=$(mktemp)
  (
    cd "$ATTUNE_ROOT" || exit 1
    if ! cmake "${configure[@]}" >"$log" 2>&1; then
      cat "$log"
      exit 1
    fi
    NINJA_STATUS='[%f/%t, %es] ' cmake --build --preset "$preset" -j "$(build_jobs)" "$@"
  )
  local status=$?
  rm -f "$log"
  return $status
}
