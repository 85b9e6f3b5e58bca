// The model file made from the tiny container, then damaged in every way that a file can be.
#include <limits>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/model.hpp"

#include "model/open_file.hpp"
#include "model/tiny_container.hpp"

namespace {

using attune::Encoder;
using attune::ErrorKind;
using attune::testing::float_bytes;
using attune::testing::OpenFile;
using attune::testing::says;
using attune::testing::TemporaryDirectory;
using attune::testing::TinyContainer;
using Json = nlohmann::json;

struct TinyModel {
  TinyModel() {
    REQUIRE(attune::write_file_durably(directory.path() / "container.bin", TinyContainer().bytes()));
    attune::ConvertRequest request;
    request.container = directory.path() / "container.bin";
    request.output_directory = directory.path() / "model";
    REQUIRE(attune::convert_e5_container(request));
  }
  [[nodiscard]] std::filesystem::path folder() const { return directory.path() / "model"; }
  [[nodiscard]] std::filesystem::path file() const { return folder() / "model.safetensors"; }

  // What opening says after `change`; "" if it opens.
  std::string after(const std::function<void(OpenFile&)>& change, ErrorKind kind = ErrorKind::corrupt) const {
    OpenFile open = OpenFile::read(file());
    const OpenFile good = open;
    change(open);
    open.write(file());
    const auto encoder = Encoder::open(folder());
    good.write(file());
    if (encoder) return "";
    CHECK(encoder.error().kind == kind);
    return encoder.error().text;
  }

  TemporaryDirectory directory;
};

}  // namespace

TEST_CASE("a converted model opens, describes itself and gives unit vectors that depend on the ids") {
  const TinyModel model;
  const auto encoder = Encoder::open(model.folder());
  REQUIRE(encoder);
  const attune::ModelDescription& description = (*encoder)->description();
  CHECK(description.name == "multilingual-e5-small");
  CHECK(description.layers == 2);
  CHECK(description.width == 32);
  CHECK(description.query_prefix == "query: ");
  CHECK(description.identity.size() == description.name.size() + 17);
  CHECK(description.source_sha256 == attune::sha256_hex(TinyContainer().bytes()));
  CHECK((*encoder)->sequence_template().single.front().id == 0);
  CHECK((*encoder)->sequence_template().single.back().id == 2);

  const auto vector_of = [&](const std::vector<std::int32_t>& ids) {
    std::vector<float> out(32);
    const Encoder::Sequence sequences[] = {{ids, {}}};
    REQUIRE((*encoder)->encode(sequences, {}, out));
    return out;
  };
  const std::vector<float> first = vector_of({0, 4, 5, 2});
  double square = 0;
  for (const float value : first) square += static_cast<double>(value) * static_cast<double>(value);
  CHECK(square == doctest::Approx(1));
  CHECK(first != vector_of({0, 5, 4, 2}));  // positions count
  CHECK(first == vector_of({0, 4, 5, 2}));
}

TEST_CASE("a missing tensor, another shape or another type is named") {
  const TinyModel model;
  CHECK(model.after([](OpenFile&) {}) == "");
  for (const char* name : {"layers.1.key.weight", "embeddings.word", "tokenizer.scores", "tokenizer.kept",
                           "layers.0.output_norm.shift", "embeddings.position"}) {
    const auto renamed = [&](OpenFile& file) {
      file.header["renamed"] = file.header[name];
      file.header.erase(name);
    };
    CHECK(says(model.after(renamed), std::string("tensor '") + name + "'"));
    const auto reshaped = [&](OpenFile& file) { file.header[name]["shape"].push_back(1); };
    CHECK(says(model.after(reshaped), std::string("tensor '") + name + "'"));
    const auto retyped = [&](OpenFile& file) {
      Json& entry = file.header[name];
      entry["dtype"] = entry["dtype"] == "U8" ? "F32" : "U8";
      std::size_t bytes = entry["data_offsets"][1].get<std::size_t>() - entry["data_offsets"][0].get<std::size_t>();
      entry["shape"] = {entry["dtype"] == "U8" ? bytes : bytes / 4};
    };
    CHECK(says(model.after(retyped), std::string("tensor '") + name + "'"));
  }
}

TEST_CASE("numbers that are not finite are named damage, in plain tensors and in block scales") {
  const TinyModel model;
  const std::string nan = float_bytes(std::numeric_limits<float>::quiet_NaN());
  CHECK(says(model.after([&](OpenFile& f) { f.patch("layers.1.value.bias", 8, nan); }), "'layers.1.value.bias'"));
  CHECK(says(model.after([&](OpenFile& f) { f.patch("embeddings.position", 0, nan); }), "'embeddings.position'"));
  CHECK(says(model.after([&](OpenFile& f) { f.patch("embeddings.word", 18, std::string("\x00\x7C", 2)); }),
             "'embeddings.word'"));
  CHECK(says(model.after([&](OpenFile& f) { f.patch("layers.0.query.weight", 0, std::string("\xFF\x7F", 2)); }),
             "'layers.0.query.weight'"));
  CHECK(says(model.after([&](OpenFile& f) { f.patch("tokenizer.scores", 16, nan); }), "score"));
}

TEST_CASE("metadata that is missing, out of range or for another program is named") {
  const TinyModel model;
  const auto with = [&](const char* key, const char* value, ErrorKind kind) {
    return model.after([&](OpenFile& file) { file.header["__metadata__"][key] = value; }, kind);
  };
  CHECK(says(with("format", "other", ErrorKind::unsupported), "'format'"));
  CHECK(says(with("format_version", "3", ErrorKind::unsupported), "'format_version'"));
  CHECK(says(with("architecture", "rnn", ErrorKind::unsupported), "'architecture'"));
  CHECK(says(with("pooling", "max", ErrorKind::unsupported), "'pooling'"));
  for (const char* key :
       {"layers", "width", "heads", "feed_forward", "positions", "begin_id", "unknown_id", "epsilon"}) {
    for (const char* value : {"", "x", "-1", "99999999999999999999", "999999", "1e9"}) {
      CHECK(says(with(key, value, ErrorKind::corrupt), std::string("metadata '") + key + "'"));
    }
  }
  CHECK(says(with("heads", "5", ErrorKind::corrupt), "'heads'"));
  CHECK(says(with("control_ids", "0 99", ErrorKind::corrupt), "'control_ids'"));
  CHECK(says(with("control_ids", "0 x", ErrorKind::corrupt), "'control_ids'"));
  CHECK(says(model.after([](OpenFile& file) { file.header["__metadata__"].erase("query_prefix"); }), "'query_prefix'"));
  CHECK(says(with("layers", "3", ErrorKind::corrupt), "tensor 'layers.2.query.weight': is missing"));
}

TEST_CASE("kept ids that do not ascend or leave out what is needed are refused") {
  const TinyModel model;
  CHECK(says(model.after([](OpenFile& f) { f.patch("tokenizer.kept", 4, std::string(4, '\0')); }), "tokenizer.kept"));
  CHECK(says(model.after([](OpenFile& f) { f.patch("tokenizer.kept", 32, std::string("\x63\0\0\0", 4)); }),
             "tokenizer.kept"));
  CHECK(says(model.after([](OpenFile& f) { f.patch("tokenizer.piece_sizes", 0, std::string(1, '\0')); }), "piece"));
}

TEST_CASE("a truncated file, an absent one and a folder in its place are errors of the right kind") {
  const TinyModel model;
  const std::string bytes = *attune::read_file(model.file(), 1 << 24);
  for (std::size_t size = 0; size < bytes.size(); size += size < 64 ? 1 : 1501) {
    REQUIRE(attune::write_file_durably(model.file(), std::string_view(bytes).substr(0, size)));
    const auto encoder = Encoder::open(model.folder());
    REQUIRE_FALSE(encoder);
    CHECK(encoder.error().kind == ErrorKind::corrupt);
  }
  std::filesystem::remove(model.file());
  CHECK(Encoder::open(model.folder()).error().kind == ErrorKind::not_found);
  std::filesystem::create_directory(model.file());
  CHECK(Encoder::open(model.folder()).error().kind == ErrorKind::io);
}

TEST_CASE("the list of models holds what can be read and says why the rest cannot") {
  const TinyModel model;
  std::filesystem::create_directory(model.directory.path() / "broken");
  std::filesystem::create_directory(model.directory.path() / "no-model");
  REQUIRE(attune::write_file_durably(model.directory.path() / "broken" / "model.safetensors", "short"));
  const auto list = attune::list_models(model.directory.path());
  REQUIRE(list);
  REQUIRE(list->models.size() == 1);
  CHECK(list->models[0].directory.filename() == "model");
  CHECK(list->models[0].description.pieces == 9);
  REQUIRE(list->broken.size() == 1);
  CHECK(list->broken[0].directory.filename() == "broken");
  CHECK(attune::list_models(model.directory.path() / "absent").error().kind == ErrorKind::not_found);
}
