#include <fstream>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "attune/core/file.hpp"
#include "attune/tokenizer.hpp"

#include "temporary_folder.hpp"

namespace attune {
namespace {

// A tokenizer.json with `model` and any other fields.
std::string file_with(std::string_view model, std::string_view others = "") {
  return R"({"version": "1.0", )" + std::string(others) + R"("model": )" + std::string(model) + "}";
}

std::string word_piece(std::string_view vocabulary) {
  return R"({"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",)"
         R"("max_input_chars_per_word": 100, "vocab": )" +
         std::string(vocabulary) + "}";
}

const std::string kModel = word_piece(R"({"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "##b": 4})");

void check_refused(const std::string& bytes, std::string_view said, ErrorKind kind = ErrorKind::bad_input) {
  CAPTURE(said);
  const auto tokenizer = parse_tokenizer_json(bytes);
  REQUIRE_FALSE(tokenizer);
  CAPTURE(tokenizer.error().text);
  CHECK(tokenizer.error().text.find(said) != std::string::npos);
  CHECK(tokenizer.error().text.starts_with("tokenizer.json: "));
  CHECK(tokenizer.error().kind == kind);
}

void check_refused_stage(std::string_view stage, std::string_view value, std::string_view said,
                         ErrorKind kind = ErrorKind::bad_input) {
  check_refused(file_with(kModel, '"' + std::string(stage) + R"(": )" + std::string(value) + ", "), said, kind);
}

}  // namespace

TEST_CASE("the small file that the others are broken copies of is fine") {
  const auto tokenizer = parse_tokenizer_json(file_with(kModel));
  REQUIRE(tokenizer);
  CHECK((*tokenizer)->encode("ab").ids == std::vector<std::int32_t>{3, 4});
  CHECK((*tokenizer)->vocabulary_size() == 5);
  CHECK((*tokenizer)->piece(4) == "##b");
}

TEST_CASE("a file that is no JSON, cut off, too deep or not an object is refused") {
  check_refused("", "parse error");
  check_refused("[]", "is not an object");
  check_refused(file_with(kModel).substr(0, 60), "parse error");
  check_refused("{\"model\": \"\xFF\"}", "ill-formed UTF-8");
  check_refused(std::string(100, '[') + std::string(100, ']'), "nested deeper");
  check_refused("[" + std::string(9'000'000, ',') + "]", "more than 8000000 values", ErrorKind::too_large);
  check_refused(std::string(64'000'001, ' '), "more than 64000000 bytes", ErrorKind::too_large);
  check_refused("{}", "'model' is missing");
  check_refused(R"({"version": "2.0", "model": {}})", "version '2.0' is not known", ErrorKind::unsupported);
}

TEST_CASE("what a file asks for and is not there is named") {
  const auto unsupported = ErrorKind::unsupported;
  check_refused_stage("normalizer", R"({"type": "Foo"})", "normalizer 'Foo' is not known", unsupported);
  check_refused_stage("normalizer", R"({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Foo"}]})",
                      "normalizer 1 'Foo' is not known", unsupported);
  check_refused_stage("pre_tokenizer", R"({"type": "UnicodeScripts"})", "pre_tokenizer 'UnicodeScripts'", unsupported);
  check_refused_stage("pre_tokenizer", R"({"type": "Punctuation", "behavior": "Foo"})", "behavior 'Foo'", unsupported);
  check_refused_stage("post_processor", R"({"type": "Foo"})", "post_processor 'Foo' is not known", unsupported);
  check_refused(file_with(R"({"type": "Foo"})"), "model 'Foo' is not known", unsupported);
  check_refused(file_with(R"({"type": "BPE", "dropout": 0.1, "vocab": {}, "merges": []})"), "'dropout'", unsupported);
  check_refused_stage("normalizer", R"({"type": "Replace", "pattern": {"Regex": "\\h"}, "content": ""})", "uses '\\h'",
                      unsupported);
}

TEST_CASE("a field that is missing or of the wrong type is named with its place") {
  check_refused_stage("normalizer", "3", "normalizer: is not an object");
  check_refused_stage("normalizer", "{}", "normalizer: 'type' is missing");
  check_refused_stage("normalizer", R"({"type": "BertNormalizer"})", "normalizer: 'clean_text' is missing");
  check_refused_stage("normalizer", R"({"type": "Prepend", "prepend": 1})", "normalizer: 'prepend' is not a string");
  check_refused_stage("normalizer", R"({"type": "Replace", "content": "", "pattern": {"Glob": "*"}})",
                      "'pattern' is neither");
  check_refused_stage("normalizer", R"({"type": "Replace", "content": "", "pattern": {"Regex": "("}})",
                      "does not compile");
  check_refused_stage("normalizer", R"({"type": "Replace", "content": "", "pattern": {"String": ""}})",
                      "an empty pattern");
  check_refused_stage("normalizer", R"({"type": "Precompiled", "precompiled_charsmap": "ab?="})", "is not base64");
  check_refused_stage("normalizer", R"({"type": "Precompiled", "precompiled_charsmap": "AAEAAAAA"})", "ends too early");
  check_refused_stage("pre_tokenizer", R"({"type": "Metaspace", "replacement": "ab"})",
                      "'replacement' is not one character");
  check_refused_stage("pre_tokenizer", R"({"type": "Sequence", "pretokenizers": {}})",
                      "'pretokenizers' is not an array");
  check_refused_stage("added_tokens", "{}", "added_tokens: is not an array");
  check_refused_stage("post_processor", R"({"type": "BertProcessing", "sep": ["[SEP]"], "cls": ["[CLS]", 1]})",
                      "'sep' is not");
}

TEST_CASE("a vocabulary that does not fit together is refused with the piece that is wrong") {
  check_refused(file_with(word_piece(R"({"a": 0})")), "lacks the unknown token '[UNK]'");
  check_refused(file_with(word_piece(R"({"[UNK]": 0, "a": 0})")), "the id 0 belongs to");
  check_refused(file_with(word_piece(R"({"[UNK]": 0, "a": -1})")), "the id of 'a' is out of range: -1");
  check_refused(file_with(word_piece(R"({"[UNK]": 0, "a": 99999999999})")), "the id of 'a' is out of range");
  check_refused(file_with(word_piece(R"({"[UNK]": 0, "a": 7000000})")), "7000000 is out of range for 2 pieces");
  check_refused(file_with(word_piece(R"({"[UNK]": 0, "a": "b"})")), "the id of 'a' is out of range");
  check_refused(file_with(word_piece(R"({"[UNK]": 0, ")" + std::string(5000, 'a') + R"(": 1})")), "longer than 4096");
  check_refused(file_with(word_piece("[]")), "'vocab' is not an object");
  check_refused(file_with(R"({"type": "Unigram", "vocab": [["a", 0]]})"), "'unk_id' is missing");
  check_refused(file_with(R"({"type": "Unigram", "unk_id": 1, "vocab": [["a", 0]]})"), "'unk_id' 1 is out of range");
  check_refused(file_with(R"({"type": "Unigram", "unk_id": 0, "vocab": [["a", 0], ["a", 0]]})"), "'a' is there twice");
  check_refused(file_with(R"({"type": "Unigram", "unk_id": 0, "vocab": [["a", "b"]]})"),
                "entry 0 is not [piece, score]");
  const auto bpe = [](std::string_view merges) {
    return file_with(R"({"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": )" + std::string(merges) + "}");
  };
  CHECK(parse_tokenizer_json(bpe(R"(["a b"])")));
  check_refused(bpe(R"(["a c"])"), "needs the piece 'c'");
  check_refused(bpe(R"([["b", "a"]])"), "needs the piece 'ba'");
  check_refused(bpe(R"(["a"])"), "'merges': entry 0 is not two pieces");
  check_refused(bpe("1"), "'merges' is not an array");
  check_refused(file_with(R"({"type": "BPE", "vocab": {"a": 0}, "merges": [], "unk_token": "u"})"),
                "unknown token 'u'");
}

TEST_CASE("added tokens and templates may only name ids that fit the vocabulary") {
  const auto token = [](std::string_view id_and_content) {
    return R"([{"single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true, )" +
           std::string(id_and_content) + "}]";
  };
  check_refused_stage("added_tokens", token(R"("id": 2, "content": "a")"), "has the id 2, but the vocabulary says 3");
  check_refused_stage("added_tokens", token(R"("id": 3, "content": "x")"), "has the id 3, which belongs to 'a'");
  check_refused_stage("added_tokens", token(R"("id": 9000000, "content": "x")"), "out of range");
  check_refused_stage("added_tokens", token(R"("id": -9, "content": "x")"), "out of range");
  check_refused_stage("added_tokens", token(R"("id": 9)"), "added_tokens 0: 'content' is missing");
  check_refused_stage("post_processor", R"({"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 77]})",
                      "the id 77, which is out of range");
  const auto processing = [](std::string_view single, std::string_view specials) {
    return R"({"type": "TemplateProcessing", "single": [)" + std::string(single) +
           R"(], "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],)" +
           R"("special_tokens": )" + std::string(specials) + "}";
  };
  check_refused_stage("post_processor", processing(R"({"SpecialToken": {"id": "[CLS]", "type_id": 0}})", "{}"),
                      "'special_tokens' lacks '[CLS]'");
  check_refused_stage("post_processor", processing(R"({"Sequence": {"id": "C", "type_id": 0}})", "{}"),
                      "neither A nor B");
  check_refused_stage("post_processor", processing(R"({"Sequence": {"id": "B", "type_id": 0}})", "{}"), "second text");
}

TEST_CASE("a special token in a text is its id, or ordinary text when asked so") {
  const std::string bytes = file_with(
      kModel, R"("added_tokens": [{"id": 2, "content": "[SEP]", "single_word": false, "lstrip": false, "rstrip": true,)"
              R"("normalized": false, "special": true}], "pre_tokenizer": {"type": "BertPreTokenizer"}, )");
  const auto as_id = parse_tokenizer_json(bytes);
  const auto as_text = parse_tokenizer_json(bytes, {.special_tokens_in_text = false});
  REQUIRE(as_id);
  REQUIRE(as_text);
  const Encoding encoding = (*as_id)->encode("a[SEP] a");
  CHECK(encoding.ids == std::vector<std::int32_t>{3, 2, 3});
  CHECK(encoding.offsets[1] == ByteSpan{1, 7});
  CHECK((*as_text)->encode("a[SEP] a").ids == std::vector<std::int32_t>{3, 0, 0, 0, 3});
}

TEST_CASE("a vocab.txt is BERT's, with the options of the configuration beside it") {
  const std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\r\n[SEP]\n[MASK]\na\n##b\nA\n";
  const testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "vocab.txt") << vocabulary;
  const auto lower = load_tokenizer(folder.path());
  REQUIRE(lower);
  CHECK((*lower)->encode("AB [SEP]").ids == std::vector<std::int32_t>{5, 6, 3});
  CHECK((*lower)->sequence_template().single.front().id == 2);
  std::ofstream(folder.path() / "tokenizer_config.json") << R"({"do_lower_case": false, "strip_accents": null})";
  const auto cased = load_tokenizer(folder.path() / "vocab.txt");
  REQUIRE(cased);
  CHECK((*cased)->encode("Ab").ids == std::vector<std::int32_t>{7, 6});
  std::ofstream(folder.path() / "tokenizer_config.json") << R"({"do_lower_case": 1})";
  const auto broken = load_tokenizer(folder.path() / "vocab.txt");
  REQUIRE_FALSE(broken);
  CHECK(broken.error().text.find("tokenizer_config.json: 'do_lower_case'") != std::string::npos);

  CHECK(parse_bert_vocabulary("[UNK]\n[CLS]\n").error().text == "vocab.txt: lacks [SEP]");
  CHECK(parse_bert_vocabulary("[CLS]\n[SEP]\n").error().text.find("'[UNK]'") != std::string::npos);
  CHECK(parse_bert_vocabulary("a\na\n").error().text.find("'a' is there twice") != std::string::npos);
  CHECK(load_tokenizer(folder.path() / "nothing.json").error().kind == ErrorKind::not_found);
}

}  // namespace attune
