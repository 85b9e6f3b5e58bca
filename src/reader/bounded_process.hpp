// BoundedProcess: another program run at arm's length: its input and output pass through memory, its time, memory and
// output are bounded, and it dies with us.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"

namespace attune::reader {

struct ProcessRequest {
  std::string program;                 // looked up in PATH
  std::vector<std::string> arguments;  // without the program's name
  std::string_view input;              // a file that the program can open as /dev/stdin and seek in
  std::chrono::seconds max_time{60};
  std::uint64_t max_output = 64ULL << 20U;
  std::uint64_t max_memory = 2ULL << 30U;
  std::stop_token stop = {};
};

struct ProcessResult {
  int exit_code = 0;
  std::string output;
  std::string errors;           // what it wrote to stderr, the first 64 KiB
  bool output_was_cut = false;  // it wrote more than max_output and was ended
};

// Runs the program to its end. Fails with not_found (not installed), timeout, cancelled, io, or bad_input when the
// program crashed or ran out of memory.
Result<ProcessResult> run_process(const ProcessRequest& request);

}  // namespace attune::reader
