// Adding and checking models, and the digest that is remembered for them.
#include <cstdlib>
#include <thread>

#include <doctest/doctest.h>

#include "model/file_digest.hpp"
#include "model/fixtures.hpp"
#include "model/open_file.hpp"
#include "model/read_model.hpp"
#include "temporary_folder.hpp"

namespace attune {
namespace {

using testing::fixture;
using testing::OpenFile;
using testing::says;

std::string vocabulary(int pieces) {
  std::string text = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  for (int piece = 5; piece < pieces; ++piece)
    text += std::string(1, static_cast<char>('a' + piece % 26)) + std::to_string(piece) + "\n";
  return text;
}

// A fixture with a vocabulary, so that text can be cut for it.
struct Model {
  explicit Model(const std::string& name, int pieces = 40) {
    std::filesystem::copy(fixture(name), path(), std::filesystem::copy_options::recursive);
    folder.write("e5-small-v2/vocab.txt", vocabulary(pieces));
  }
  [[nodiscard]] std::filesystem::path path() const { return folder.path() / "e5-small-v2"; }
  [[nodiscard]] AddRequest request(const std::string& name) const {
    AddRequest request;
    request.source = path();
    request.models = folder.path() / "models";
    request.name = name;
    return request;
  }
  testing::TemporaryFolder folder;
};

TEST_CASE("a whole model passes the check, with and without a head") {
  for (const char* name : {"bert", "bert-pairs"}) {
    const Model model(name);
    const auto check = check_model(model.path());
    REQUIRE_MESSAGE(check, (check ? "" : check.error().text));
    for (const std::string& fault : check->faults) MESSAGE(fault);
    CHECK(check->faults.empty());
    CHECK(check->checked.size() == 4);
  }
}

TEST_CASE("the check names a matrix with a number that is not finite, a token without a row, a missing tokenizer") {
  const Model damaged("distilbert");
  OpenFile file = OpenFile::read(damaged.path() / "model.safetensors");
  file.patch("transformer.layer.1.ffn.lin2.weight", 40, testing::float_bytes(NAN));
  file.write(damaged.path() / "model.safetensors");
  const auto check = check_model(damaged.path());
  REQUIRE(check);
  REQUIRE(check->faults.size() == 1);
  CHECK(says(check->faults[0], "tensor 'layers.1.feed_forward_out'"));

  const Model longer("bert", 41);
  const auto rows = check_model(longer.path());
  REQUIRE(rows);
  REQUIRE(rows->faults.size() == 1);
  CHECK(says(rows->faults[0], "token 'o40' has id 40"));

  const auto bare = check_model(fixture("bert"));
  REQUIRE(bare);
  REQUIRE(bare->faults.size() == 1);
  CHECK(says(bare->faults[0], "no tokenizer.json"));
}

TEST_CASE("an added model opens under its new name and keeps what was known of it under the old one") {
  const Model model("bert");
  CHECK(describe_model(model.path())->query_prefix == "query: ");
  const auto added = add_model(model.request("mine"));
  REQUIRE_MESSAGE(added, (added ? "" : added.error().text));
  CHECK(added->name == "mine");
  CHECK(added->query_prefix == "query: ");
  CHECK(added->passage_prefix == "passage: ");
  CHECK(added->licence == "MIT");
  CHECK(added->source == "intfloat/e5-small-v2");
  CHECK(Encoder::open(model.folder.path() / "models" / "mine"));
  const auto list = list_models(model.folder.path() / "models");
  REQUIRE(list);
  CHECK(list->models.size() == 1);
  CHECK(list->broken.empty());
}

TEST_CASE("pooling and prefixes that the files do not say can be said when adding") {
  const Model model("bert");
  AddRequest request = model.request("mine");
  request.pooling = "weighted";
  request.query_prefix = "ask: ";
  const auto added = add_model(request);
  REQUIRE_MESSAGE(added, (added ? "" : added.error().text));
  CHECK(added->pooling == "weighted");
  CHECK(added->query_prefix == "ask: ");
  request.name = "other";
  request.pooling = "max";
  CHECK(add_model(request).error().kind == ErrorKind::bad_input);
}

TEST_CASE("a single ONNX file is added with the tokenizer beside it") {
  const testing::TemporaryFolder folder;
  std::filesystem::copy(fixture("bert.onnx"), folder.path() / "tiny.onnx");
  folder.write("vocab.txt", vocabulary(40));
  AddRequest request;
  request.source = folder.path() / "tiny.onnx";
  request.models = folder.path() / "models";
  const auto added = add_model(request);
  REQUIRE_MESSAGE(added, (added ? "" : added.error().text));
  CHECK(added->name == "tiny");
  CHECK(Encoder::open(folder.path() / "models" / "tiny"));
}

TEST_CASE("a name that is taken or impossible, or a damaged model, is not added and leaves nothing behind") {
  const Model model("bert");
  REQUIRE(add_model(model.request("mine")));
  CHECK(add_model(model.request("mine")).error().kind == ErrorKind::conflict);
  for (const char* name : {"..", ".hidden", "a/b", "a\\b"}) {
    CHECK(add_model(model.request(name)).error().kind == ErrorKind::bad_input);
  }
  model.folder.write("e5-small-v2/vocab.txt", "[UNK]\n");
  CHECK_FALSE(add_model(model.request("other")));
  std::size_t entries = 0;
  for (const auto& entry : std::filesystem::directory_iterator(model.folder.path() / "models")) {
    CHECK(entry.path().filename() == "mine");
    ++entries;
  }
  CHECK(entries == 1);
}

TEST_CASE("an identity changes with weights, vocabulary and settings, and with nothing else") {
  const Model model("bert");
  const std::string before = describe_model(model.path())->identity;
  model.folder.write("e5-small-v2/README.md", "nothing");
  CHECK(describe_model(model.path())->identity == before);
  model.folder.write("e5-small-v2/1_Pooling/config.json", R"({"pooling_mode": "cls"})");
  const std::string pooled = describe_model(model.path())->identity;
  CHECK(pooled != before);
  model.folder.write("e5-small-v2/vocab.txt", vocabulary(39));
  CHECK(describe_model(model.path())->identity != pooled);
}

TEST_CASE("a digest is remembered for a file as long as its stamp is the same, and never for one just written") {
  const testing::TemporaryFolder folder;
  const std::filesystem::path file = ATTUNE_SOURCE_DIR "/models/embedder/model.safetensors";
  const char* old = std::getenv("XDG_CACHE_HOME");
  const std::string before = old == nullptr ? "" : old;
  ::setenv("XDG_CACHE_HOME", folder.path().c_str(), 1);
  const auto mapped = MappedFile::open(file, 1 << 28);
  REQUIRE(mapped);
  const std::string digest = remembered_digest(**mapped, file);
  CHECK(digest == *sha256_hex_of_file(file));
  const std::filesystem::path entries = folder.path() / "attune" / "digests";
  if (std::filesystem::exists(entries)) {  // not if the file was checked out within the last seconds
    const std::filesystem::path entry = std::filesystem::directory_iterator(entries)->path();
    std::string text = *read_file(entry, 4096);
    text.replace(text.size() - 64, 64, std::string(64, 'a'));
    REQUIRE(write_file_durably(entry, text));
    CHECK(remembered_digest(**mapped, file) == std::string(64, 'a'));
    REQUIRE(write_file_durably(entry, "attune-digest-1 1 2 3 4 5 " + std::string(64, 'a')));
    CHECK(remembered_digest(**mapped, file) == digest);
    REQUIRE(write_file_durably(entry, text.substr(0, text.size() - 1)));
    CHECK(remembered_digest(**mapped, file) == digest);
  }
  const std::filesystem::path fresh = folder.path() / "fresh";
  std::filesystem::copy_file(file, fresh);
  const auto second = MappedFile::open(fresh, 1 << 28);
  REQUIRE(second);
  CHECK(remembered_digest(**second, fresh) == digest);
  CHECK(std::distance(std::filesystem::directory_iterator(entries), std::filesystem::directory_iterator()) == 1);
  old == nullptr ? ::unsetenv("XDG_CACHE_HOME") : ::setenv("XDG_CACHE_HOME", before.c_str(), 1);
}

}  // namespace
}  // namespace attune
