#include "model/e5_container.hpp"

#include <doctest/doctest.h>

#include "attune/core/file.hpp"
#include "attune/model.hpp"

#include "model/tiny_container.hpp"

namespace {

using attune::convert_e5_container;
using attune::ConvertRequest;
using attune::ErrorKind;
using attune::parse_e5_container;
using attune::testing::TemporaryDirectory;
using attune::testing::TinyContainer;

attune::Result<attune::ModelDescription> convert(const TemporaryDirectory& directory, const std::string& bytes,
                                                 const std::string& kept = "") {
  REQUIRE(attune::write_file_durably(directory.path() / "container.bin", bytes));
  ConvertRequest request;
  request.container = directory.path() / "container.bin";
  request.output_directory = directory.path() / "model";
  if (!kept.empty()) {
    REQUIRE(attune::write_file_durably(directory.path() / "kept.txt", kept));
    request.kept_pieces = directory.path() / "kept.txt";
  }
  return convert_e5_container(request);
}

}  // namespace

TEST_CASE("a container is read: shape, pieces, map, tensors") {
  const TinyContainer tiny;
  const std::string bytes = tiny.bytes();
  const auto container = parse_e5_container(bytes);
  REQUIRE(container);
  CHECK(container->width == 32);
  CHECK(container->feed_forward == 64);
  CHECK(container->pieces.back() == "▁ab");
  CHECK(container->scores[4] == -5.0F);
  CHECK(container->map_from == std::vector<std::uint32_t>{'\t'});
  CHECK(container->map_to == std::vector<std::uint32_t>{' '});
  CHECK(container->tensors.at("l1.fo.w").is_q4);
  CHECK(container->tensors.at("l1.fo.w").elements == 32 * 64);
}

TEST_CASE("truncated: every cut of a container is refused, never a crash") {
  const std::string bytes = TinyContainer().bytes();
  for (std::size_t size = 0; size < bytes.size(); size += size < 2000 ? 1 : 97) {
    CHECK_FALSE(parse_e5_container(std::string_view(bytes).substr(0, size)));
  }
}

TEST_CASE("any one damaged byte at the head is refused or gives another container, never a crash") {
  const std::string good = TinyContainer().bytes();
  for (std::size_t at = 0; at < 1200; ++at) {
    for (const char flip : {'\x01', '\x80', '\xFF'}) {
      std::string bytes = good;
      bytes[at] = static_cast<char>(bytes[at] ^ flip);
      const auto container = parse_e5_container(bytes);
      if (container) CHECK(container->pieces.size() == container->scores.size());
    }
  }
}

TEST_CASE("wrong version or magic is said to be unsupported") {
  std::string bytes = TinyContainer().bytes();
  bytes[4] = 2;
  CHECK(parse_e5_container(bytes).error().kind == ErrorKind::unsupported);
  bytes[0] = 'X';
  CHECK(parse_e5_container(bytes).error().kind == ErrorKind::unsupported);
}

TEST_CASE("a tensor that is missing, repeated, of another type or size is named") {
  const auto said = [](const std::function<void(TinyContainer&)>& change) {
    const TemporaryDirectory directory;
    TinyContainer tiny;
    change(tiny);
    const auto made = convert(directory, tiny.bytes());
    REQUIRE_FALSE(made);
    CHECK(made.error().kind == ErrorKind::corrupt);
    return made.error().text;
  };
  CHECK(said([](TinyContainer& c) { c.tensor("l1.k.w").name = "other"; }).find("tensor 'l1.k.w': is missing") !=
        std::string::npos);
  CHECK(said([](TinyContainer& c) { c.tensor("l1.k.w").name = "l0.k.w"; }).find("tensor 'l0.k.w': is there twice") !=
        std::string::npos);
  CHECK(said([](TinyContainer& c) {
          c.tensor("l0.q.b") = {"l0.q.b", 0, 31, std::string(31 * 4, '\0')};
        }).find("tensor 'l0.q.b'") != std::string::npos);
  CHECK(said([](TinyContainer& c) {
          c.tensor("emb.word") = {"emb.word", 0, 384, std::string(384 * 4, '\0')};
        }).find("tensor 'emb.word': is not in 4-bit blocks") != std::string::npos);
  CHECK(said([](TinyContainer& c) { c.tensor("l0.q.w").bytes.pop_back(); }).find("tensor 'l0.q.w'") !=
        std::string::npos);
}

TEST_CASE("conversion keeps listed pieces, characters and special pieces, and is the same each time") {
  const TemporaryDirectory directory;
  const std::string bytes = TinyContainer().bytes();
  const auto whole = convert(directory, bytes);
  REQUIRE(whole);
  CHECK(whole->vocabulary == 9);
  const auto first = attune::read_file(directory.path() / "model" / "model.safetensors", 1 << 20);
  const auto pruned = convert(directory, bytes, "▁ab\n\n");
  REQUIRE(pruned);
  CHECK(pruned->vocabulary == 8);  // without "ab"
  CHECK(pruned->pieces == 9);
  CHECK(pruned->identity != whole->identity);
  REQUIRE(convert(directory, bytes));
  CHECK(*first == *attune::read_file(directory.path() / "model" / "model.safetensors", 1 << 20));
}

TEST_CASE("a list with an unknown piece is refused with its line") {
  const TemporaryDirectory directory;
  const auto made = convert(directory, TinyContainer().bytes(), "a\nnonsense\n");
  REQUIRE_FALSE(made);
  CHECK(made.error().kind == ErrorKind::bad_input);
  CHECK(made.error().text.find("line 2") != std::string::npos);
}

TEST_CASE("a container with another SHA-256 than expected is refused") {
  const TemporaryDirectory directory;
  REQUIRE(convert(directory, TinyContainer().bytes()));
  ConvertRequest request;
  request.container = directory.path() / "container.bin";
  request.output_directory = directory.path() / "model";
  request.expected_sha256 = std::string(64, '0');
  const auto made = convert_e5_container(request);
  REQUIRE_FALSE(made);
  CHECK(made.error().kind == ErrorKind::bad_input);
}
