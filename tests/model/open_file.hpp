// A safetensors file that a test can damage.
#pragma once

#include <cstring>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"

namespace attune::testing {

using Json = nlohmann::json;

// A safetensors file taken apart: its header can be changed, its data patched, and both written back.
struct OpenFile {
  Json header;
  std::string data;

  static OpenFile read(const std::filesystem::path& path) {
    const auto read = read_file(path, 1 << 24);
    REQUIRE(read);
    const std::string& bytes = *read;
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    return {Json::parse(bytes.begin() + 8, bytes.begin() + 8 + static_cast<std::ptrdiff_t>(length)),
            std::string(bytes, 8 + length)};
  }
  void write(const std::filesystem::path& path) const {
    const std::string json = header.dump();
    const std::uint64_t length = json.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &length, 8);
    REQUIRE(write_file_durably(path, bytes + json + data));
  }
  void patch(const std::string& tensor, std::size_t at, const std::string& bytes) {
    data.replace(header[tensor]["data_offsets"][0].get<std::size_t>() + at, bytes.size(), bytes);
  }
};

inline bool says(const std::string& text, const std::string& part) {
  if (text.find(part) == std::string::npos) MESSAGE("said: " << text);
  return text.find(part) != std::string::npos;
}

inline std::string float_bytes(float value) {
  std::string bytes(4, '\0');
  std::memcpy(bytes.data(), &value, 4);
  return bytes;
}

}  // namespace attune::testing
