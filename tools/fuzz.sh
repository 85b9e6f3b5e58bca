#!/usr/bin/env bash
# Builds the fuzz targets (tests/fuzz) with the preset `fuzz` and runs each for some time.
#
#   tools/fuzz.sh [SECONDS] [TARGET...]      60 seconds and all targets when not said
#
# Seeds are the small valid files of tests/fuzz/seeds/<format>, the tiny models of tests/model/fixtures and the tokenizers
# of tests/tokenizer/golden; what is found on the way stays in build/fuzz/corpus and is the start of the next run. A finding ends the run with its input in
# build/fuzz/findings. A target may not take more than 1 GB of memory or 10 s for one input.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/steps.sh
. "$here/steps.sh"

seconds=${1:-60}
shift || true
build=$ATTUNE_ROOT/build/fuzz
build_preset fuzz no-tests || exit 1
if (($# > 0)); then targets=("$@"); else mapfile -t targets < <(cd "$ATTUNE_ROOT/tests/fuzz" && printf '%s\n' *_fuzz.cpp); fi

# seeds_of FORMAT FOLDER: copies small valid files of that format into the folder.
seeds_of() {
  local file
  while IFS= read -r file; do
    cp "$file" "$2/$(printf '%s' "${file#"$ATTUNE_ROOT/tests/"}" | tr '/' '_')"
  done < <(case $1 in
    safetensors) find "$ATTUNE_ROOT/tests/model/fixtures" -name '*.safetensors' ;;
    onnx) find "$ATTUNE_ROOT/tests/model/fixtures" -name '*.onnx' ;;
    tokenizer_json) find "$ATTUNE_ROOT/tests/tokenizer/golden" -name '*.json' ;;
  esac
  find "$ATTUNE_ROOT/tests/fuzz/seeds/$1" -type f 2>/dev/null)
}

failed=0
for target in "${targets[@]}"; do
  target=${target%.cpp}
  corpus=$build/corpus/$target
  findings=$build/findings
  mkdir -p "$corpus" "$findings"
  seeds_of "${target%_fuzz}" "$corpus"
  say "$target, $seconds s"
  log=$build/$target.log
  if "$build/tests/fuzz/$target" -max_total_time="$seconds" -max_len=131072 -timeout=10 -rss_limit_mb=1024 \
    -artifact_prefix="$findings/$target-" -print_final_stats=1 "$corpus" >"$log" 2>&1; then
    grep -E 'INITED|DONE|number_of_executed_units|peak_rss_mb' "$log"
  else
    tail -n 40 "$log"
    complain "FAILED: $target; its input is in $findings"
    failed=1
  fi
done
exit "$failed"
